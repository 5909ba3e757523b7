//! What the processes of a storm do until they are killed.

use std::cell::Cell;
use std::time::Duration;

use shma_core::{Access, Error, Field, ReadOnly, Shm, ShmState, Version};

use crate::kill::shared::{Shared, Witness, now};
use crate::kill::target::{
    FIELDS, LARGE_FIELD, LEFT_FIELD, LENGTHS, NARROW_FIELD, RIGHT_FIELD, SMALL_FIELD, Target,
    any_range, check, check_pair, put, put_part, stamp, version_of,
};
use crate::kill::untyped_life;
use shma_tests::region::{self, InDirectory};
use shma_tests::rng::Rng;

/// The shortest that a wait for a publication may end in nothing.
const PATIENCE: Duration = Duration::from_millis(20);

/// One who writes until it is told to stop, in all ways by turns.
pub fn write(name: &str, shared: Shared, seed: u64, witness: Option<Witness>) {
    let mut rng = Rng::new(seed);
    // One in three has no struct.
    if rng.one_in(3) {
        let state = region::untyped().open(name, None).unwrap();
        while !shared.stopped() {
            witnessed(shared, witness, || untyped_life::write(&state, shared, &mut rng));
        }
        return;
    }
    let target: Shm<Target> = Target::in_directory().open(name).unwrap();
    while !shared.stopped() {
        witnessed(shared, witness, || match rng.below(7) {
            0 | 1 => change(&target.small, SMALL_FIELD, shared, &mut rng),
            2 | 3 => change(&target.narrow, NARROW_FIELD, shared, &mut rng),
            4 => change(&target.large, LARGE_FIELD, shared, &mut rng),
            _ => transact(&target, shared, &mut rng),
        });
    }
}

/// Notes how long a witness's call takes.
fn witnessed(shared: Shared, witness: Option<Witness>, call: impl FnOnce()) {
    let Some(witness) = witness else { return call() };
    shared.begin(witness, now());
    call();
    shared.end(witness, now());
}

/// Changes a range of a field of stamps, in one of the ways of doing so.
fn change<const N: usize>(field: &Field<[u64; N]>, number: usize, shared: Shared, rng: &mut Rng) {
    let mut range = any_range(N, rng);
    let floors = shared.floors(number, 0..N);
    let place = FIELDS[number];
    let version = match rng.below(6) {
        0 => field.update(|new, old| {
            // No other process publishes meanwhile.
            let version = u64::from(field.version());
            check(place, 0, old, version, &floors);
            put(new, range.clone(), version + 1);
            version + 1
        }),
        1 => field.update_range(range.clone(), |new, old| {
            let version = u64::from(field.version());
            check(place, range.start, old, version, &floors[range.clone()]);
            put_part(new, range.start, version + 1);
            version + 1
        }),
        2 => {
            let changed = field.update_when(Duration::MAX, |new, old| {
                let version = u64::from(field.version());
                check(place, 0, old, version, &floors);
                put(new, range.clone(), version + 1);
                Some(version + 1)
            });
            changed.unwrap()
        }
        3 => {
            let changed = field.update_range_if(range.clone(), |new, old| {
                let version = u64::from(field.version());
                check(place, range.start, old, version, &floors[range.clone()]);
                put_part(new, range.start, version + 1);
                Some(version + 1)
            });
            changed.expect("the closure wants it published")
        }
        4 => {
            // Nothing of this may ever be seen, nor counted.
            let none = field.update_if(|new, _| {
                new.fill(!0);
                None::<()>
            });
            assert!(none.is_none());
            return;
        }
        _ => {
            range = 0..N;
            let next = Cell::new(0);
            let places = std::array::from_fn(|at| at as u64);
            field.update_with(&places, |at, old| {
                if next.get() == 0 {
                    next.set(u64::from(field.version()) + 1);
                }
                let at = at as usize;
                check(place, at, &[old], next.get() - 1, &floors[at..=at]);
                stamp(next.get(), at)
            });
            next.get()
        }
    };
    shared.acknowledge(number);
    shared.raise(number, range, version);
}

/// Changes the pair, and sometimes a part of a field of stamps, as one.
fn transact(target: &Shm<Target>, shared: Shared, rng: &mut Rng) {
    let also = rng.one_in(2).then(|| any_range(target.narrow.read().len(), rng));
    let version = target.transaction(|new, old| {
        check_pair(*old.left, old.right);
        *new.left = old.left + 1;
        new.right.fill(old.left + 1);
        let version = u64::from(target.narrow.version()) + 1;
        if let Some(range) = also.clone() {
            put(new.narrow, range, version);
        }
        version
    });
    shared.acknowledge(LEFT_FIELD);
    shared.acknowledge(RIGHT_FIELD);
    if let Some(range) = also {
        shared.acknowledge(NARROW_FIELD);
        shared.raise(NARROW_FIELD, range, version);
    }
}

/// One who reads until it is told to stop; every other one cannot write.
pub fn read(name: &str, shared: Shared, seed: u64, witness: Option<Witness>) {
    if seed.is_multiple_of(3) {
        // Without the struct, and one in two of them cannot write.
        let options = region::untyped();
        let state = match seed.is_multiple_of(2) {
            true => options.open(name, None).unwrap(),
            false => options.open_read_only(name, None).unwrap(),
        };
        let mut rng = Rng::new(seed);
        while !shared.stopped() {
            witnessed(shared, witness, || untyped_life::look(&state, shared, &mut rng));
            shared.count_checked();
        }
    } else if seed.is_multiple_of(2) {
        let target: Shm<Target> = Target::in_directory().open(name).unwrap();
        Reader { target, shared, witness, rng: Rng::new(seed) }.read_on();
    } else {
        let target: Shm<Target, ReadOnly> = Target::in_directory().open_read_only(name).unwrap();
        Reader { target, shared, witness, rng: Rng::new(seed) }.read_on();
    }
}

struct Reader<A: Access> {
    target: Shm<Target, A>,
    shared: Shared,
    witness: Option<Witness>,
    rng: Rng,
}

impl<A: Access> Reader<A> {
    fn read_on(&mut self) {
        let Self { target, shared, witness, rng } = self;
        let (shared, witness) = (*shared, *witness);
        while !shared.stopped() {
            match rng.below(5) {
                0 => look(&target.small, SMALL_FIELD, shared, witness, rng),
                1 => look(&target.narrow, NARROW_FIELD, shared, witness, rng),
                2 => look(&target.large, LARGE_FIELD, shared, witness, rng),
                3 => look_at_all(target, shared, witness),
                _ => await_newer(&target.small),
            }
            shared.count_checked();
        }
    }
}

/// Reads all of a field, or part of it.
fn look<const N: usize, A: Access>(
    field: &Field<[u64; N], A>,
    number: usize,
    shared: Shared,
    witness: Option<Witness>,
    rng: &mut Rng,
) {
    let range = if rng.one_in(2) { 0..N } else { any_range(N, rng) };
    let floors = shared.floors(number, range.clone());
    let mut elements = vec![0; range.len()];
    let mut version = Version::default();
    witnessed(shared, witness, || version = field.read_range(range.clone(), &mut elements));
    let place = FIELDS[number];
    check(place, range.start, &elements, version.into(), &floors);
}

/// Reads all fields as of one instant.
fn look_at_all<A: Access>(target: &Shm<Target, A>, shared: Shared, witness: Option<Witness>) {
    let floors = [0, 1, 2].map(|field| shared.floors(field, 0..LENGTHS[field]));
    let mut all = Target::zeroed();
    witnessed(shared, witness, || target.snapshot_into(&mut all));
    check_pair(all.left, &all.right);
    let fields: [(&str, &[u64]); 3] =
        [("small", &all.small), ("narrow", &all.narrow), ("large", &all.large)];
    for ((place, elements), floors) in fields.into_iter().zip(&floors) {
        let newest = elements.iter().map(|element| version_of(*element)).max();
        check(place, 0, elements, newest.expect("it is not empty"), floors);
    }
}

/// Sleeps until there is something newer, which there is soon.
fn await_newer<const N: usize, A: Access>(field: &Field<[u64; N], A>) {
    let since = field.version();
    match field.wait_newer(since, PATIENCE) {
        Ok(version) => assert!(version > since, "{version:?} is said to be newer than {since:?}"),
        Err(Error::Timeout { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

/// Never waits, and notes for how long it was not let run.
pub fn control(shared: Shared) {
    let mut last = now();
    while !shared.stopped() {
        let time = now();
        shared.note_gap(time - last);
        last = time;
    }
}
