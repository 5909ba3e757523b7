//! Values that follow from their versions.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// What differs from word to word, so that words which changed places show too.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The value of a version.
pub(super) fn fill(words: &mut [u64], version: u64) {
    for (at, word) in (0..).zip(words) {
        *word = expected(version, at);
    }
}

/// One word of it.
pub(super) fn expected(version: u64, at: u64) -> u64 {
    version.wrapping_add(at.wrapping_mul(STEP))
}

/// Compares a value with that of its version.
pub(super) fn check(words: &[u64], version: u64) {
    // The loop over all has no branch, and is fast.
    let wrong =
        (0..).zip(words).fold(0, |wrong, (at, word)| wrong | (expected(version, at) ^ word));
    if wrong != 0 {
        let mut all = (0..).zip(words);
        let (at, word) =
            all.find(|(at, word)| **word != expected(version, *at)).expect("one is wrong");
        let of = word.wrapping_sub(expected(0, at));
        panic!("word {at} of {} read as version {version} is that of version {of}", words.len());
    }
}

/// Keeps the calling thread on one of the processors that it may use, by number, as far as there
/// are enough.
pub(super) fn stay(place: usize) {
    let Ok(all) = sched_getaffinity(None) else { return };
    let mine: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu)).collect();
    let mut one = CpuSet::new();
    one.set(mine[place % mine.len()]);
    // Where it is not allowed, the kernel places the thread.
    let _ = sched_setaffinity(None, &one);
}
