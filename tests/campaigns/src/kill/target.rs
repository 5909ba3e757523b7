//! The state that the storm goes over, and what is right in it.

use std::ops::Range;

use shma_core::{Error, Field, Shm, ShmState};

use shma_tests::rng::Rng;
use shma_tests::watchdog::PATIENCE;

/// Fields of stamps, each with another number of slots, and two fields that only transactions
/// change, to the same number.
#[derive(Debug, ShmState)]
pub struct Target {
    pub small: [u64; SMALL],
    #[shm(slots = 2)]
    pub narrow: [u64; NARROW],
    pub large: [u64; LARGE],
    pub left: u64,
    pub right: [u64; 64],
}

const SMALL: usize = 9;
const NARROW: usize = 64;
/// Larger than what is copied on the stack.
const LARGE: usize = 1024;

/// The lengths of the fields of stamps, which come first.
pub const LENGTHS: [usize; 3] = [SMALL, NARROW, LARGE];

/// The fields by name.
pub const FIELDS: [&str; 5] = ["small", "narrow", "large", "left", "right"];

// Where the fields stand among them.
pub const SMALL_FIELD: usize = 0;
pub const NARROW_FIELD: usize = 1;
pub const LARGE_FIELD: usize = 2;
pub const LEFT_FIELD: usize = 3;
pub const RIGHT_FIELD: usize = 4;

/// What element `at` is when publication `version` changed it last. A region starts with zeroes,
/// which are stamps of publication 0 except for their place.
pub fn stamp(version: u64, at: usize) -> u64 {
    version << 16 | at as u64
}

/// The publication that changed an element last.
pub fn version_of(stamp: u64) -> u64 {
    stamp >> 16
}

/// Checks elements of publication `version`, the first of which stands at `first`, of which
/// publications `floors` had been acknowledged before.
///
/// # Panics
///
/// If there is an element that cannot be one of that publication.
#[track_caller]
pub fn check(field: &str, first: usize, elements: &[u64], version: u64, floors: &[u64]) {
    for (at, (element, floor)) in (first..).zip(elements.iter().zip(floors)) {
        let last = version_of(*element);
        let place = *element == stamp(last, at) || *element == 0;
        assert!(place, "`{field}`: element {at} of publication {version} is {element:#x}");
        assert!(last <= version, "`{field}`: element {at} of publication {version} is of {last}");
        assert!(
            last >= *floor,
            "`{field}`: element {at} of publication {version} is of {last}, though publication \
             {floor} had changed it before"
        );
    }
}

/// Writes the stamps of a publication over a range.
pub fn put(elements: &mut [u64], range: Range<usize>, version: u64) {
    for at in range {
        elements[at] = stamp(version, at);
    }
}

/// Writes the stamps of a publication over a part, the first element of which stands at `first`.
pub fn put_part(part: &mut [u64], first: usize, version: u64) {
    for (at, element) in (first..).zip(part) {
        *element = stamp(version, at);
    }
}

/// The two fields of the transactions hold one number.
///
/// # Panics
///
/// If they do not.
#[track_caller]
pub fn check_pair(left: u64, right: &[u64]) {
    if let Some(at) = right.iter().position(|number| *number != left) {
        panic!("`left` is {left}, and `right` has {} at {at}", right[at]);
    }
}

/// How often each field was published, counting the creation.
pub fn versions(target: &Shm<Target>) -> [u64; 5] {
    let versions = [
        target.small.version(),
        target.narrow.version(),
        target.large.version(),
        target.left.version(),
        target.right.version(),
    ];
    versions.map(u64::from)
}

/// Publishes to every field once more, which has to succeed.
pub fn write_everywhere(target: &Shm<Target>) -> Result<(), String> {
    let written = [
        write(&target.small),
        write(&target.narrow),
        write(&target.large),
        target.left.update_timeout(PATIENCE, |new, old| *new = old + 1),
        write(&target.right),
    ];
    written.into_iter().collect::<Result<(), Error>>().map_err(|error| error.to_string())
}

fn write<const N: usize>(field: &Field<[u64; N]>) -> Result<(), Error> {
    field.update_timeout(PATIENCE, |new, _| new[0] = 1)
}

/// A range that is not empty.
pub fn any_range(len: usize, rng: &mut Rng) -> Range<usize> {
    let start = rng.below(len);
    start..start + 1 + rng.below(len - start)
}
