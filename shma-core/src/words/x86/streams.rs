//! Copies by non-temporal stores, which do not fetch the lines that they overwrite and leave them in
//! no cache.
//!
//! They are outside of the order that x86-64 keeps among all other stores. Each may become visible
//! before stores that precede it and after stores that follow it. So there is [`fence`] before the
//! first and behind the last of them. See `streamed` for what each of the two is for.
//!
//! `unsafe` here: assembly.
#![allow(unsafe_code)]

use std::arch::asm;

use super::{LINE, STEP, WORD};

/// Bytes that lie between two lines that are moved in one turn: a page, so that the processor reads
/// ahead in several at once. It does not read ahead from one to the next.
const PAGE: usize = 4096;

/// What is moved in turns of lines from four pages.
const PAGES: usize = 4 * PAGE;

/// Keeps all stores before it before all stores behind it, also non-temporal ones.
#[inline]
pub(crate) fn fence() {
    // SAFETY: orders stores and does nothing else.
    unsafe { asm!("sfence", options(nostack, preserves_flags)) }
}

/// Copies, without any fence.
///
/// # Safety
///
/// As [`super::store`], for any multiple of [`WORD`], and `to` is aligned to [`WORD`]; the
/// processor has AVX-512. Both fences are the caller's.
pub(crate) unsafe fn stream(to: *mut u8, from: *const u8, len: usize) {
    // Whole lines only: parts of one would be put together in memory.
    let ahead = (to.addr().wrapping_neg() % LINE).min(len);
    let pages = (len - ahead) / PAGES * PAGES;
    let steps = (len - ahead - pages) / STEP * STEP;
    let rest = len - ahead - pages - steps;
    let at = |done: usize| (to.wrapping_add(done), from.wrapping_add(done));
    // SAFETY: as the caller promises for more, here and below: the four parts together are `len`. A
    // multiple of `WORD`, because `to` is aligned to it.
    unsafe { words(to, from, ahead) };
    let (to, from) = at(ahead);
    // SAFETY: as above; aligned to a line, because `ahead` is up to the next one.
    unsafe { by_pages(to, from, pages) };
    let (to, from) = at(ahead + pages);
    // SAFETY: as above; aligned to a line, because `pages` is a multiple of it.
    unsafe { by_steps(to, from, steps) };
    let (to, from) = at(ahead + pages + steps);
    // SAFETY: as above; a multiple of `WORD`, because `len` and all other parts are.
    unsafe { words(to, from, rest) };
}

/// Word by word, by ordinary stores.
///
/// # Safety
///
/// As [`stream`], and `len` is a multiple of [`WORD`].
unsafe fn words(to: *mut u8, from: *const u8, len: usize) {
    for first in (0..len).step_by(WORD) {
        // SAFETY: moves the 8 bytes from `first` on, which are inside.
        unsafe {
            asm!(
                "mov {word}, [{from} + {first}]",
                "mov [{to} + {first}], {word}",
                word = out(reg) _,
                from = in(reg) from,
                to = in(reg) to,
                first = in(reg) first,
                options(nostack, preserves_flags),
            );
        }
    }
}

/// A line from each of four pages in turn.
///
/// # Safety
///
/// As [`stream`], `to` is aligned to a line, and `len` is a multiple of [`PAGES`].
unsafe fn by_pages(to: *mut u8, from: *const u8, len: usize) {
    for first in (0..len).step_by(PAGES) {
        // SAFETY: touches the `PAGES` bytes from `first` on of both sides, which are inside. The
        // registers are ones that code without AVX-512 does not have, so no upper halves are left
        // behind that would slow it down.
        unsafe {
            asm!(
                "lea {end}, [{from} + 4096]",
                ".p2align 4",
                "2:",
                "vmovdqu64 zmm16, [{from}]",
                "vmovdqu64 zmm17, [{from} + 4096]",
                "vmovdqu64 zmm18, [{from} + 2 * 4096]",
                "vmovdqu64 zmm19, [{from} + 3 * 4096]",
                "vmovntdq [{to}], zmm16",
                "vmovntdq [{to} + 4096], zmm17",
                "vmovntdq [{to} + 2 * 4096], zmm18",
                "vmovntdq [{to} + 3 * 4096], zmm19",
                "add {to}, 64",
                "add {from}, 64",
                "cmp {from}, {end}",
                "jb 2b",
                end = out(reg) _,
                from = inout(reg) from.wrapping_add(first) => _,
                to = inout(reg) to.wrapping_add(first) => _,
                out("zmm16") _, out("zmm17") _, out("zmm18") _, out("zmm19") _,
                options(nostack),
            );
        }
    }
}

/// One line after the other.
///
/// # Safety
///
/// As [`stream`], `to` is aligned to a line, and `len` is a multiple of [`STEP`].
unsafe fn by_steps(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: touches `[from, from + len)` and `[to, to + len)` alone, since `len` is a multiple of
    // the 128 bytes that one turn moves; registers as above.
    unsafe {
        asm!(
            "test {n}, {n}",
            "jz 3f",
            "xor {i:e}, {i:e}",
            ".p2align 4",
            "2:",
            "vmovdqu64 zmm16, [{from} + {i}]",
            "vmovdqu64 zmm17, [{from} + {i} + 64]",
            "vmovntdq [{to} + {i}], zmm16",
            "vmovntdq [{to} + {i} + 64], zmm17",
            "sub {i}, -128",
            "cmp {i}, {n}",
            "jb 2b",
            "3:",
            i = out(reg) _,
            n = in(reg) len,
            from = in(reg) from,
            to = in(reg) to,
            out("zmm16") _, out("zmm17") _,
            options(nostack),
        );
    }
}
