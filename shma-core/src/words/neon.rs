//! The copy primitives on aarch64: NEON moves of two words and more.
//!
//! As on x86-64 each move does to a word what a relaxed atomic access does: a load or store of vector
//! registers accesses every aligned word of eight bytes whole (Arm ARM, section B2.2.1). An assembly
//! block is opaque to the compiler. Here the processor orders none of the accesses in a block, and none
//! of them with those around it. So all order comes from the fences and acquire loads of the protocols,
//! which are instructions here, and hold for vector registers as for all others.
//!
//! `unsafe` here: assembly.
#![allow(unsafe_code)]

use std::arch::asm;

/// What the smallest move takes; every length is a multiple of it.
pub(crate) const PAIR: usize = 16;

/// What the loop moves in one turn.
const TURN: usize = 4 * PAIR;

/// Copies `len` bytes as relaxed words from shared memory.
///
/// # Safety
///
/// `from` can be read and `to` written for `len` bytes, they do not overlap, `from` is aligned to
/// words and accessed atomically by all others, and `len` is a multiple of [`PAIR`].
#[inline]
pub(super) unsafe fn load(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: as the caller promises.
    unsafe { copy(to, from, len) }
}

/// Copies `len` bytes as relaxed words to shared memory.
///
/// # Safety
///
/// As [`load`], with `to` for `from`.
#[inline]
pub(super) unsafe fn store(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: as the caller promises.
    unsafe { copy(to, from, len) }
}

/// # Safety
///
/// As [`load`] or [`store`].
#[inline]
unsafe fn copy(to: *mut u8, from: *const u8, len: usize) {
    let whole = len - len % TURN;
    if whole > 0 {
        // SAFETY: moves the first `whole` bytes, which are inside, in turns of 64, of which `whole` is a
        // multiple. No register is read that is not an operand.
        unsafe {
            asm!(
                "2:",
                "ldp {a:q}, {b:q}, [{from}]",
                "ldp {c:q}, {d:q}, [{from}, #32]",
                "stp {a:q}, {b:q}, [{to}]",
                "stp {c:q}, {d:q}, [{to}, #32]",
                "add {from}, {from}, #64",
                "add {to}, {to}, #64",
                "subs {left}, {left}, #64",
                "b.ne 2b",
                a = out(vreg) _,
                b = out(vreg) _,
                c = out(vreg) _,
                d = out(vreg) _,
                from = inout(reg) from => _,
                to = inout(reg) to => _,
                left = inout(reg) whole => _,
                options(nostack),
            );
        }
    }
    for first in (whole..len).step_by(PAIR) {
        // SAFETY: moves the 16 bytes from `first` on, which are inside, since `len` is a multiple
        // of 16.
        unsafe {
            asm!(
                "ldr {pair:q}, [{from}, {first}]",
                "str {pair:q}, [{to}, {first}]",
                pair = out(vreg) _,
                from = in(reg) from,
                to = in(reg) to,
                first = in(reg) first,
                options(nostack, preserves_flags),
            );
        }
    }
}
