//! A read beyond the end, to be reported.
//!
//! `unsafe` here: that read.

use std::hint::black_box;

/// Reads the byte behind an allocation.
pub(super) fn overrun() {
    let bytes = black_box(vec![0_u8; 64]);
    let beyond = bytes.as_ptr().wrapping_add(bytes.len());
    // SAFETY: there is none. The program is built to have this seen, and ends by it.
    println!("{}", unsafe { beyond.read_volatile() });
}
