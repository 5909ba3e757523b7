//! Copies by `rep movsb`, which processors carry out in steps of their own choice.
//!
//! `unsafe` here: assembly.
#![allow(unsafe_code)]

use std::arch::asm;

/// Copies.
///
/// # Safety
///
/// As [`super::load`] and [`super::store`], for any length.
pub(crate) unsafe fn strings(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: moves `len` bytes from `from` to `to`, upwards: the ABI keeps the direction flag
    // clear.
    unsafe {
        asm!(
            "rep movsb",
            inout("rcx") len => _,
            inout("rdi") to => _,
            inout("rsi") from => _,
            options(nostack, preserves_flags),
        );
    }
}
