//! The copy primitives in assembly: moves of two words and more.
//!
//! What each move does to a word is what a relaxed atomic access does: processors read and write
//! aligned words of eight bytes whole, also as parts of a vector or of a string, and shared memory is
//! always aligned to them. (The manuals promise it for single words only. Nothing hangs on it: a copy
//! that met a writer is thrown away, whatever is in it.) An assembly block is opaque to the compiler,
//! which therefore can neither assume that shared memory stands still nor move other accesses across.
//! The processor may carry out the parts of a block in any order, as it may with relaxed accesses;
//! before and after it x86-64 keeps the order of loads and that of stores, string operations included
//! (Intel SDM vol. 3, section 8.2.4). Non-temporal stores would be an exception; none are used.
//!
//! | bytes | moved by | because |
//! |---|---|---|
//! | up to 128 | 16 bytes, in place | no call; and compiled code then finds its vectors in the store buffer, where from two stores of 8 bytes it would have to wait for the cache |
//! | more; up to 24 KiB from shared memory, 4 KiB to it | 64 bytes (AVX-512), 32 (AVX) or 16 | the widest is the fastest as long as both sides are in the first cache |
//! | yet more | `rep movsb`, where the processor says that it is fast | it need not fetch the lines that it overwrites, and does not displace as many |
//!
//! A writer whose lines a reader on another core has in its cache needs them back, and a vector
//! store fetches each with what it holds: beside a reader that never pauses, `rep movsb` took half
//! the time at 8 KiB. That is why it begins earlier for what is stored, where it costs a writer
//! alone 10 ns at 4 KiB and nothing from 8 KiB on.
//!
//! `unsafe` here: assembly.
#![allow(unsafe_code)]

use std::arch::asm;
use std::sync::atomic::{AtomicU8, Ordering};

/// What the smallest move takes; every length is a multiple of it.
pub(super) const PAIR: usize = 16;

/// What the vector loops move in one turn.
pub(super) const STEP: usize = 128;

/// Loads are made by `rep movsb` from here on.
const STRING_LOADS: usize = 24 << 10;

/// Stores are.
const STRING_STORES: usize = 4 << 10;

/// What this processor copies with, as bits.
#[derive(Clone, Copy)]
struct Processor(u8);

impl Processor {
    /// Set in everything that was detected, so that 0 means "not asked yet".
    const DETECTED: u8 = 1;
    const AVX: u8 = 2;
    const AVX512: u8 = 4;
    const FAST_STRINGS: u8 = 8;

    /// No lock: a child that is forked while another thread asks would inherit it locked, and its
    /// first copy would wait for a thread that it does not have. Threads that ask at the same time
    /// all store the same bits.
    #[inline]
    fn get() -> Self {
        static BITS: AtomicU8 = AtomicU8::new(0);
        // Relaxed, both: the bits are all there is to know.
        match BITS.load(Ordering::Relaxed) {
            0 => {
                let detected = Self::detect();
                BITS.store(detected.0, Ordering::Relaxed);
                detected
            }
            bits => Self(bits),
        }
    }

    #[cold]
    fn detect() -> Self {
        let bit = |has: bool, bit| if has { bit } else { 0 };
        Self(
            Self::DETECTED
                | bit(std::is_x86_feature_detected!("avx"), Self::AVX)
                | bit(has_cheap_avx512(), Self::AVX512)
                | bit(std::is_x86_feature_detected!("ermsb"), Self::FAST_STRINGS),
        )
    }

    #[inline]
    fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// Whether there is AVX-512 that does not slow the processor down: the first ones to have it, up to
/// Cascade Lake, lower their clock for it, and they lack VBMI2.
pub(super) fn has_cheap_avx512() -> bool {
    std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512vbmi2")
}

/// Copies `len` bytes as relaxed words from shared memory.
///
/// # Safety
///
/// As [`copy`].
#[inline]
pub(super) unsafe fn load(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: as the caller promises.
    unsafe { copy(to, from, len, STRING_LOADS) }
}

/// Copies `len` bytes as relaxed words to shared memory.
///
/// # Safety
///
/// As [`copy`].
#[inline]
pub(super) unsafe fn store(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: as the caller promises.
    unsafe { copy(to, from, len, STRING_STORES) }
}

/// Copies `len` bytes as relaxed words, from so many on by `rep movsb`.
///
/// # Safety
///
/// `from` can be read and `to` written for `len` bytes, they do not overlap, whatever is not
/// private is aligned to words and accessed atomically by all others, and `len` is a multiple of
/// [`PAIR`].
#[inline]
unsafe fn copy(to: *mut u8, from: *const u8, len: usize, strings_from: usize) {
    if len < STEP {
        // SAFETY: as the caller promises.
        unsafe { pairs(to, from, len) }
    } else {
        // SAFETY: as the caller promises.
        unsafe { copy_long(to, from, len, strings_from) }
    }
}

/// As [`copy`], for any length.
///
/// # Safety
///
/// As [`copy`].
unsafe fn copy_long(to: *mut u8, from: *const u8, len: usize, strings_from: usize) {
    let processor = Processor::get();
    if len >= strings_from && processor.has(Processor::FAST_STRINGS) {
        // SAFETY: as the caller promises.
        return unsafe { strings(to, from, len) };
    }
    let whole = len - len % STEP;
    if processor.has(Processor::AVX512) {
        // SAFETY: as the caller promises for more; AVX-512 was detected.
        unsafe { avx512(to, from, whole) }
    } else if processor.has(Processor::AVX) {
        // SAFETY: as the caller promises for more; AVX was detected.
        unsafe { avx(to, from, whole) }
    } else {
        // SAFETY: as the caller promises for more; every x86-64 processor has SSE2.
        unsafe { sse2(to, from, whole) }
    }
    // SAFETY: inside, since `whole` is at most `len`.
    let to = unsafe { to.add(whole) };
    // SAFETY: as above.
    let from = unsafe { from.add(whole) };
    // SAFETY: what is left of what the caller promises.
    unsafe { pairs(to, from, len - whole) }
}

/// As [`copy`], by 16-byte moves, without a call and, for a known length, without a branch.
///
/// # Safety
///
/// As [`copy`].
#[inline]
pub(super) unsafe fn pairs(to: *mut u8, from: *const u8, len: usize) {
    let quads = len - len % (4 * PAIR);
    for first in (0..quads).step_by(4 * PAIR) {
        // SAFETY: moves the 64 bytes from `first` on, which are inside, since `quads` is at most
        // `len` and a multiple of 64.
        unsafe {
            asm!(
                "movdqu {a}, [{from} + {first}]",
                "movdqu {b}, [{from} + {first} + 16]",
                "movdqu {c}, [{from} + {first} + 32]",
                "movdqu {d}, [{from} + {first} + 48]",
                "movdqu [{to} + {first}], {a}",
                "movdqu [{to} + {first} + 16], {b}",
                "movdqu [{to} + {first} + 32], {c}",
                "movdqu [{to} + {first} + 48], {d}",
                a = out(xmm_reg) _,
                b = out(xmm_reg) _,
                c = out(xmm_reg) _,
                d = out(xmm_reg) _,
                from = in(reg) from,
                to = in(reg) to,
                first = in(reg) first,
                options(nostack, preserves_flags),
            );
        }
    }
    for first in (quads..len).step_by(PAIR) {
        // SAFETY: moves the 16 bytes from `first` on, which are inside, since `len` is a multiple
        // of 16.
        unsafe {
            asm!(
                "movdqu {pair}, [{from} + {first}]",
                "movdqu [{to} + {first}], {pair}",
                pair = out(xmm_reg) _,
                from = in(reg) from,
                to = in(reg) to,
                first = in(reg) first,
                options(nostack, preserves_flags),
            );
        }
    }
}

/// Has a line brought into the cache.
#[inline]
pub(super) fn prefetch(address: *const u64) {
    // SAFETY: a hint, which accesses nothing and faults at no address.
    unsafe {
        asm!("prefetcht0 [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
}

/// Has a line brought into the cache to be written. Older processors than the instruction take it
/// for none.
#[inline]
pub(super) fn prefetch_to_store(address: *const u64) {
    // SAFETY: as above.
    unsafe {
        asm!("prefetchw [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
}

/// As [`copy`], by `rep movsb`.
///
/// # Safety
///
/// As [`copy`].
pub(super) unsafe fn strings(to: *mut u8, from: *const u8, len: usize) {
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

/// As [`copy`], by 64-byte moves.
///
/// # Safety
///
/// As [`copy`], `len` is a multiple of [`STEP`], and the processor has AVX-512.
pub(super) unsafe fn avx512(to: *mut u8, from: *const u8, len: usize) {
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

/// As [`copy`], by 32-byte moves.
///
/// # Safety
///
/// As [`copy`], `len` is a multiple of [`STEP`], and the processor has AVX.
pub(super) unsafe fn avx(to: *mut u8, from: *const u8, len: usize) {
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

/// As [`copy`], by 16-byte moves in a loop.
///
/// # Safety
///
/// As [`copy`], and `len` is a multiple of [`STEP`].
pub(super) unsafe fn sse2(to: *mut u8, from: *const u8, len: usize) {
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
