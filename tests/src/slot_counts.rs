//! An array whose content follows from its version, however it was changed part by part.

use shma_core::{Field, ShmState};

/// Where the parts begin and end that are changed in turn. Elements are half a word.
const EDGES: [usize; 8] = [0, 1, 6, 77, 500, 501, 904, LEN];

const LEN: usize = 1001;

/// Every so many publications all of it is changed.
const WHOLE: u32 = 16;

/// An array for each number of slots.
#[derive(Debug, ShmState)]
pub struct SlotCounts {
    #[shm(slots = 2)]
    pub narrow: [u32; LEN],
    pub usual: [u32; LEN],
    #[shm(slots = 8)]
    pub wide: [u32; LEN],
}

/// What publication `version` changes.
fn changed(version: u32) -> std::ops::Range<usize> {
    if version.is_multiple_of(WHOLE) {
        return 0..LEN;
    }
    let part = version as usize % (EDGES.len() - 1);
    EDGES[part]..EDGES[part + 1]
}

/// Makes the next publication: it changes its part to its number.
pub fn publish(field: &Field<[u32; LEN]>) {
    let version = u64::from(field.version()) as u32 + 1;
    match changed(version) {
        whole if whole.len() == LEN => _ = field.write(&[version; LEN]),
        part if part.len() == 1 => _ = field.set(part.start, version),
        part => field.update_range(part, |new, _| new.fill(version)),
    }
}

/// What an element is in a publication: the number of the last one that has changed it.
pub fn expected(at: usize, version: u64) -> u32 {
    let version = version as u32;
    let last = (2..=version).rev().take(WHOLE as usize).find(|n| changed(*n).contains(&at));
    last.unwrap_or(0)
}

/// Compares what was read from element `first` on with the publication that it is said to be.
#[track_caller]
pub fn check(first: usize, read: &[u32], version: u64) {
    let end = first + read.len();
    for part in EDGES.windows(2).map(|edges| edges[0].max(first)..edges[1].min(end)) {
        if part.is_empty() {
            continue;
        }
        let all = vec![expected(part.start, version); part.len()];
        let found = &read[part.start - first..part.end - first];
        assert_eq!(found, all, "elements {part:?} of publication {version}");
    }
}
