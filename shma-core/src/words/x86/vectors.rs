//! Copies by loops of vectors.
//!
//! `unsafe` here: assembly.
#![allow(unsafe_code)]

use std::arch::asm;

use super::STEP;
use super::choice::Vectors;
use super::pairs::pairs;

impl Vectors {
    /// Copies.
    ///
    /// # Safety
    ///
    /// As [`super::load`] and [`super::store`], `len` is at least [`STEP`], and the processor has
    /// such vectors.
    #[inline]
    pub(crate) unsafe fn copy(self, to: *mut u8, from: *const u8, len: usize) {
        let whole = len - len % STEP;
        match self {
            // SAFETY: as the caller promises; here and below.
            Self::Avx512Aligned => return unsafe { avx512_aligned(to, from, len) },
            // SAFETY: as above, for a multiple of `STEP`; so in the next two.
            Self::Avx512 => unsafe { avx512(to, from, whole) },
            // SAFETY: as above.
            Self::Avx => unsafe { avx(to, from, whole) },
            // SAFETY: as above; every x86-64 processor has SSE2.
            Self::Sse2 => unsafe { sse2(to, from, whole) },
        }
        // SAFETY: inside, since `whole` is at most `len`.
        let to = unsafe { to.add(whole) };
        // SAFETY: as above.
        let from = unsafe { from.add(whole) };
        // SAFETY: what is left of what the caller promises; a multiple of `PAIR`, as `STEP` is.
        unsafe { pairs(to, from, len - whole) }
    }
}

/// By 64-byte moves, all but the first aligned to lines of what is stored, if that is aligned to words.
///
/// # Safety
///
/// As [`super::load`] and [`super::store`], `len` is at least [`STEP`], and the processor has
/// AVX-512.
pub(crate) unsafe fn avx512_aligned(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: touches `[from, from + len)` and `[to, to + len)` alone. Up to 256 bytes: the first 128
    // and the last 128, which may overlap. More: the first 64; then 256 at a time from `i` on, which
    // is at most 64 at first, for as long as `i + 256` is less than `len`; and the last 256, which
    // may overlap what was moved before. All steps are multiples of words. The registers are ones that
    // code without AVX-512 does not have, so no upper halves are left behind that would slow it down.
    //
    // What is moved outside of the loop is loaded before anything is stored. A load waits for a
    // store before it whose address is the same within a page.
    unsafe {
        asm!(
            "vmovdqu64 zmm16, [{from}]",
            "cmp {n}, 256",
            "ja 2f",
            "vmovdqu64 zmm17, [{from} + 64]",
            "vmovdqu64 zmm18, [{from} + {n} - 128]",
            "vmovdqu64 zmm19, [{from} + {n} - 64]",
            "vmovdqu64 [{to}], zmm16",
            "vmovdqu64 [{to} + 64], zmm17",
            "vmovdqu64 [{to} + {n} - 128], zmm18",
            "vmovdqu64 [{to} + {n} - 64], zmm19",
            "jmp 5f",
            "2:",
            "vmovdqu64 zmm20, [{from} + {n} - 256]",
            "vmovdqu64 zmm21, [{from} + {n} - 192]",
            "vmovdqu64 zmm22, [{from} + {n} - 128]",
            "vmovdqu64 zmm23, [{from} + {n} - 64]",
            "vmovdqu64 [{to}], zmm16",
            "mov {i:e}, {to:e}",
            "and {i:e}, 56",
            "neg {i}",
            "add {i}, 64",
            "lea {end}, [{n} - 256]",
            "cmp {i}, {end}",
            "jae 4f",
            ".p2align 4",
            "3:",
            "vmovdqu64 zmm16, [{from} + {i}]",
            "vmovdqu64 zmm17, [{from} + {i} + 64]",
            "vmovdqu64 zmm18, [{from} + {i} + 128]",
            "vmovdqu64 zmm19, [{from} + {i} + 192]",
            "vmovdqu64 [{to} + {i}], zmm16",
            "vmovdqu64 [{to} + {i} + 64], zmm17",
            "vmovdqu64 [{to} + {i} + 128], zmm18",
            "vmovdqu64 [{to} + {i} + 192], zmm19",
            "add {i}, 256",
            "cmp {i}, {end}",
            "jb 3b",
            "4:",
            "vmovdqu64 [{to} + {n} - 256], zmm20",
            "vmovdqu64 [{to} + {n} - 192], zmm21",
            "vmovdqu64 [{to} + {n} - 128], zmm22",
            "vmovdqu64 [{to} + {n} - 64], zmm23",
            "5:",
            i = out(reg) _,
            end = out(reg) _,
            n = in(reg) len,
            from = in(reg) from,
            to = in(reg) to,
            out("zmm16") _, out("zmm17") _, out("zmm18") _, out("zmm19") _,
            out("zmm20") _, out("zmm21") _, out("zmm22") _, out("zmm23") _,
            options(nostack),
        );
    }
}

/// By 64-byte moves.
///
/// # Safety
///
/// As [`super::load`] and [`super::store`], `len` is a multiple of [`STEP`], and the processor has AVX-512.
pub(crate) unsafe fn avx512(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: touches `[from, from + len)` and `[to, to + len)` alone, since `len` is a multiple of
    // the 128 bytes that one turn moves. The registers are ones that code without AVX-512 does not
    // have, so no upper halves are left behind that would slow it down.
    unsafe {
        asm!(
            "test {n}, {n}",
            "jz 3f",
            "xor {i:e}, {i:e}",
            ".p2align 4",
            "2:",
            "vmovdqu64 zmm16, [{from} + {i}]",
            "vmovdqu64 zmm17, [{from} + {i} + 64]",
            "vmovdqu64 [{to} + {i}], zmm16",
            "vmovdqu64 [{to} + {i} + 64], zmm17",
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

/// By 32-byte moves.
///
/// # Safety
///
/// As [`super::load`] and [`super::store`], `len` is a multiple of [`STEP`], and the processor has AVX.
pub(crate) unsafe fn avx(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: touches `[from, from + len)` and `[to, to + len)` alone, since `len` is a multiple of
    // the 128 bytes that one turn moves; `vzeroupper` clears upper halves that the clobbers declare.
    unsafe {
        asm!(
            "test {n}, {n}",
            "jz 3f",
            "xor {i:e}, {i:e}",
            ".p2align 4",
            "2:",
            "vmovdqu ymm0, [{from} + {i}]",
            "vmovdqu ymm1, [{from} + {i} + 32]",
            "vmovdqu ymm2, [{from} + {i} + 64]",
            "vmovdqu ymm3, [{from} + {i} + 96]",
            "vmovdqu [{to} + {i}], ymm0",
            "vmovdqu [{to} + {i} + 32], ymm1",
            "vmovdqu [{to} + {i} + 64], ymm2",
            "vmovdqu [{to} + {i} + 96], ymm3",
            "sub {i}, -128",
            "cmp {i}, {n}",
            "jb 2b",
            "vzeroupper",
            "3:",
            i = out(reg) _,
            n = in(reg) len,
            from = in(reg) from,
            to = in(reg) to,
            out("ymm0") _, out("ymm1") _, out("ymm2") _, out("ymm3") _,
            out("ymm4") _, out("ymm5") _, out("ymm6") _, out("ymm7") _,
            out("ymm8") _, out("ymm9") _, out("ymm10") _, out("ymm11") _,
            out("ymm12") _, out("ymm13") _, out("ymm14") _, out("ymm15") _,
            options(nostack),
        );
    }
}

/// By 16-byte moves.
///
/// # Safety
///
/// As [`super::load`] and [`super::store`], and `len` is a multiple of [`STEP`].
pub(crate) unsafe fn sse2(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: touches `[from, from + len)` and `[to, to + len)` alone, since `len` is a multiple of
    // the 64 bytes that one turn moves.
    unsafe {
        asm!(
            "test {n}, {n}",
            "jz 3f",
            "xor {i:e}, {i:e}",
            ".p2align 4",
            "2:",
            "movdqu xmm0, [{from} + {i}]",
            "movdqu xmm1, [{from} + {i} + 16]",
            "movdqu xmm2, [{from} + {i} + 32]",
            "movdqu xmm3, [{from} + {i} + 48]",
            "movdqu [{to} + {i}], xmm0",
            "movdqu [{to} + {i} + 16], xmm1",
            "movdqu [{to} + {i} + 32], xmm2",
            "movdqu [{to} + {i} + 48], xmm3",
            "add {i}, 64",
            "cmp {i}, {n}",
            "jb 2b",
            "3:",
            i = out(reg) _,
            n = in(reg) len,
            from = in(reg) from,
            to = in(reg) to,
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _,
            options(nostack),
        );
    }
}
