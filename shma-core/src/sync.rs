//! Atomics: the standard library's, or loom's in the models. The one place that names either.

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

use crate::mutant::mutant;

/// A load that later accesses stay behind, also from memory that is mapped read-only: the standard
/// library promises atomic loads from such memory only when they are relaxed.
#[inline(always)]
pub(crate) fn load_acquire_64(word: &AtomicU64) -> u64 {
    let value = word.load(Ordering::Relaxed);
    if !mutant!("load-not-acquired") {
        fence(Ordering::Acquire);
    }
    value
}

/// As [`load_acquire_64`], for 32 bits.
#[inline(always)]
pub(crate) fn load_acquire_32(word: &AtomicU32) -> u32 {
    let value = word.load(Ordering::Relaxed);
    fence(Ordering::Acquire);
    value
}

/// Tells the processor, or loom's scheduler, that this thread waits for another.
#[inline]
pub(crate) fn spin() {
    #[cfg(loom)]
    loom::thread::yield_now();
    #[cfg(not(loom))]
    std::hint::spin_loop();
}
