//! Hints that bring lines into the cache.
//!
//! `unsafe` here: assembly.
#![allow(unsafe_code)]

use std::arch::asm;

/// Has a line brought into the cache.
#[inline]
pub(in crate::words) fn prefetch(address: *const u64) {
    // SAFETY: a hint, which accesses nothing and faults at no address.
    unsafe {
        asm!("prefetcht0 [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
}

/// Has a line brought into the cache to be written. Older processors than the instruction take it
/// for none.
#[inline]
pub(in crate::words) fn prefetch_to_store(address: *const u64) {
    // SAFETY: as above.
    unsafe {
        asm!("prefetchw [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
}
