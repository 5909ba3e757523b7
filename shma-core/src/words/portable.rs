//! No copy primitive but the loop of words: for other processors, for loom, which has to see each
//! access, and for ThreadSanitizer, which does not see into assembly.
//!
//! `unsafe` here: the functions have the contract of those in assembly.
#![allow(unsafe_code)]

/// No length but 0 is a multiple of it, so that everything is left to the loop.
pub(crate) const PAIR: usize = usize::MAX;

/// Copies nothing.
///
/// # Safety
///
/// `len`, a multiple of [`PAIR`], is 0.
#[inline(always)]
pub(super) unsafe fn load(_: *mut u8, _: *const u8, len: usize) {
    debug_assert!(len == 0);
}

/// Copies nothing.
///
/// # Safety
///
/// As [`load`].
#[inline(always)]
pub(super) unsafe fn store(_: *mut u8, _: *const u8, len: usize) {
    debug_assert!(len == 0);
}
