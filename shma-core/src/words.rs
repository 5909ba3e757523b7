//! The one pair of copy primitives between shared and private memory.
//!
//! Their meaning is a loop of relaxed atomic accesses, a word of eight bytes at a time:
//! [`load`] from shared words into private bytes, [`store`] the other way. Both sides of every race
//! go through them, so a race on slots is one between atomics, which is defined. What a torn copy
//! may hold is the caller's business: the slot protocol throws it away.
//!
//! LLVM does not vectorise atomic accesses, and the loop alone costs more than two plain copies
//! from 4 KiB on. So longer copies are inline assembly with the same meaning: vector moves of the
//! widest kind that the processor has, and `rep movsb` where it is the fastest. An assembly block
//! is opaque to the compiler, which therefore can neither assume that shared memory stands still
//! nor move other accesses across. The processor may carry out the parts of a block in any order,
//! as it may with relaxed accesses; before and after it x86-64 keeps the order of loads and that of
//! stores, string operations included (Intel SDM vol. 3, section 8.2.4). Non-temporal stores would be
//! an exception; none are used.
//!
//! `unsafe` here: raw pointers into the private side, and the assembly.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;

use crate::sync::{AtomicU64, Ordering};

const WORD: usize = crate::layout::WORD;

#[cfg(shma_count)]
thread_local! {
    static COPIED: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts bytes that are copied from or to shared memory, where a test wants to know.
#[inline(always)]
fn count(_bytes: usize) {
    #[cfg(shma_count)]
    COPIED.set(COPIED.get() + _bytes as u64);
}

/// Bytes that the calling thread has copied since it last asked; for tests.
#[cfg(shma_count)]
pub fn take_copied() -> u64 {
    COPIED.take()
}

/// Copies the first `into.len()` bytes of `from`; initialises all of `into`.
///
/// # Panics
///
/// If `from` is shorter than `into`.
#[inline]
pub(crate) fn load(from: &[AtomicU64], into: &mut [MaybeUninit<u8>]) {
    assert!(into.len() <= from.len() * WORD);
    count(into.len());
    #[cfg(all(target_arch = "x86_64", not(loom)))]
    if into.len() > simd::LOOP_BYTES {
        let whole = into.len() - into.len() % simd::STEP;
        let (head, tail) = into.split_at_mut(whole);
        // SAFETY: `head` is exclusively borrowed and `from` is at least as long by the assertion
        // above; `whole` is a multiple of `STEP`.
        unsafe { simd::copy(head.as_mut_ptr().cast(), from.as_ptr().cast(), whole) };
        return load_loop(&from[whole / WORD..], tail);
    }
    load_loop(from, into);
}

/// Copies all of `from` to the front of `to`. Of a last word that `from` covers in part, the rest
/// becomes zero.
///
/// # Panics
///
/// If `to` is shorter than `from`.
#[inline]
pub(crate) fn store(to: &[AtomicU64], from: &[u8]) {
    assert!(from.len() <= to.len() * WORD);
    count(from.len());
    #[cfg(all(target_arch = "x86_64", not(loom)))]
    if from.len() > simd::LOOP_BYTES {
        let whole = from.len() - from.len() % simd::STEP;
        let (head, tail) = from.split_at(whole);
        // SAFETY: `to` is at least as long as `head` by the assertion above, consists of atomics,
        // which may be written through a shared borrow, and is in no plain access; `whole` is a
        // multiple of `STEP`.
        unsafe { simd::copy(to.as_ptr().cast_mut().cast(), head.as_ptr(), whole) };
        return store_loop(&to[whole / WORD..], tail);
    }
    store_loop(to, from);
}

/// [`load`] as its meaning says.
#[inline]
pub(crate) fn load_loop(from: &[AtomicU64], into: &mut [MaybeUninit<u8>]) {
    let (whole, tail) = into.as_chunks_mut::<WORD>();
    let (words, rest) = from.split_at(whole.len());
    for (bytes, word) in whole.iter_mut().zip(words) {
        // Relaxed: the slot protocol's fences order whole copies.
        bytes.write_copy_of_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
    }
    if let [word, ..] = rest {
        // Relaxed: as above.
        let word = word.load(Ordering::Relaxed).to_ne_bytes();
        tail.write_copy_of_slice(&word[..tail.len()]);
    }
}

/// [`store`] as its meaning says.
#[inline]
pub(crate) fn store_loop(to: &[AtomicU64], from: &[u8]) {
    let (whole, tail) = from.as_chunks::<WORD>();
    let (words, rest) = to.split_at(whole.len());
    for (word, bytes) in words.iter().zip(whole) {
        // Relaxed: as in `load_loop`.
        word.store(u64::from_ne_bytes(*bytes), Ordering::Relaxed);
    }
    if let ([word, ..], false) = (rest, tail.is_empty()) {
        let mut value = [0; WORD];
        value[..tail.len()].copy_from_slice(tail);
        // Relaxed: as above.
        word.store(u64::from_ne_bytes(value), Ordering::Relaxed);
    }
}

/// [`load`] into memory that is initialised already.
#[inline]
pub(crate) fn load_over(from: &[AtomicU64], into: &mut [u8]) {
    load_part_over(from, 0, into);
}

/// [`load_part`] into memory that is initialised already.
#[inline]
pub(crate) fn load_part_over(from: &[AtomicU64], first: usize, into: &mut [u8]) {
    let bytes: *mut [u8] = into;
    // SAFETY: the same bytes, exclusively borrowed for the call; `load_part` writes only
    // initialised values into them, so they stay initialised.
    load_part(from, first, unsafe { &mut *(bytes as *mut [MaybeUninit<u8>]) });
}

/// The words that hold any of `len` bytes from byte `first` on.
pub(crate) fn covering(first: usize, len: usize) -> Range<usize> {
    let start = first / WORD;
    if len == 0 { start..start } else { start..(first + len).div_ceil(WORD) }
}

/// [`load`] from byte `first` of `from` on.
#[inline]
pub(crate) fn load_part(from: &[AtomicU64], first: usize, into: &mut [MaybeUninit<u8>]) {
    let from = &from[covering(first, into.len())];
    let skipped = first % WORD;
    if skipped == 0 || from.is_empty() {
        return load(from, into);
    }
    let (head, rest) = into.split_at_mut(into.len().min(WORD - skipped));
    count(head.len());
    // Relaxed: as in `load_loop`.
    let word = from[0].load(Ordering::Relaxed).to_ne_bytes();
    for (byte, value) in head.iter_mut().zip(&word[skipped..]) {
        byte.write(*value);
    }
    load(&from[1..], rest);
}

/// [`store`] from byte `first` of `to` on. The other bytes of words that `from` covers in part
/// stay as they are, provided that nobody else stores to these words.
#[inline]
pub(crate) fn store_part(to: &[AtomicU64], first: usize, from: &[u8]) {
    let to = &to[covering(first, from.len())];
    let skipped = first % WORD;
    let head = if skipped == 0 { 0 } else { from.len().min(WORD - skipped) };
    let (head, rest) = from.split_at(head);
    let tail = rest.len() % WORD;
    let (whole, tail) = rest.split_at(rest.len() - tail);
    let mut to = to;
    if let ([word, next @ ..], false) = (to, head.is_empty()) {
        patch(word, skipped, head);
        to = next;
    }
    store(to, whole);
    if !tail.is_empty() {
        patch(&to[whole.len() / WORD], 0, tail);
    }
}

/// Replaces some bytes of a word that nobody else stores to.
fn patch(word: &AtomicU64, first: usize, bytes: &[u8]) {
    count(bytes.len());
    // Relaxed, both: as in `load_loop` and `store_loop`.
    let mut value = word.load(Ordering::Relaxed).to_ne_bytes();
    value[first..first + bytes.len()].copy_from_slice(bytes);
    word.store(u64::from_ne_bytes(value), Ordering::Relaxed);
}

#[cfg(all(target_arch = "x86_64", not(loom)))]
mod simd {
    use std::arch::asm;
    use std::sync::OnceLock;

    /// Up to here the loop of words is used: it has no call and no branch on the processor.
    pub(super) const LOOP_BYTES: usize = 256;

    /// What the vector loops move in one turn.
    pub(super) const STEP: usize = 128;

    /// From here on `rep movsb`, where the processor says that it is fast.
    const STRING_BYTES: usize = 16 << 10;

    /// What this processor copies with.
    #[derive(Clone, Copy)]
    struct Processor {
        avx: bool,
        fast_strings: bool,
    }

    fn processor() -> Processor {
        static PROCESSOR: OnceLock<Processor> = OnceLock::new();
        *PROCESSOR.get_or_init(|| Processor {
            avx: std::is_x86_feature_detected!("avx"),
            fast_strings: std::is_x86_feature_detected!("ermsb"),
        })
    }

    /// Copies `len` bytes as relaxed words.
    ///
    /// # Safety
    ///
    /// `from` can be read and `to` written for `len` bytes, they do not overlap, whatever is not
    /// private is accessed atomically by all others, and `len` is a multiple of [`STEP`].
    pub(super) unsafe fn copy(to: *mut u8, from: *const u8, len: usize) {
        let processor = processor();
        if len >= STRING_BYTES && processor.fast_strings {
            // SAFETY: as the caller promises.
            unsafe { strings(to, from, len) }
        } else if processor.avx {
            // SAFETY: as the caller promises, and AVX was detected.
            unsafe { avx(to, from, len) }
        } else {
            // SAFETY: as the caller promises; every x86-64 processor has SSE2.
            unsafe { sse2(to, from, len) }
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

    /// As [`copy`], by 32-byte moves.
    ///
    /// # Safety
    ///
    /// As [`copy`], and the processor has AVX.
    pub(super) unsafe fn avx(to: *mut u8, from: *const u8, len: usize) {
        // SAFETY: touches `[from, from + len)` and `[to, to + len)` alone, since `len` is a
        // multiple of the 128 bytes that one turn moves; `vzeroupper` clears upper halves that the
        // clobbers declare.
        unsafe {
            asm!(
                "test {n}, {n}",
                "jz 3f",
                "xor {i}, {i}",
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

    /// As [`copy`], by 16-byte moves.
    ///
    /// # Safety
    ///
    /// As [`copy`].
    pub(super) unsafe fn sse2(to: *mut u8, from: *const u8, len: usize) {
        // SAFETY: touches `[from, from + len)` and `[to, to + len)` alone, since `len` is a
        // multiple of the 64 bytes that one turn moves.
        unsafe {
            asm!(
                "test {n}, {n}",
                "jz 3f",
                "xor {i}, {i}",
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
}

#[cfg(all(test, not(loom)))]
mod tests;
