//! The one pair of copy primitives between shared and private memory.
//!
//! Their meaning is a loop of relaxed atomic accesses, a word of eight bytes at a time:
//! [`load`] from shared words into private bytes, [`store`] the other way. Both sides of every race
//! go through them, so a race on slots is one between atomics, which is defined. What a torn copy
//! may hold is the caller's business: the slot protocol throws it away.
//!
//! LLVM does not vectorise atomic accesses, and the loop alone costs more than two plain copies
//! from 4 KiB on. So on x86-64 and aarch64 copies are inline assembly with the same meaning: see `x86`
//! and `neon`.
//! ThreadSanitizer does not see into assembly, so its builds (`--cfg shma_tsan`) use the loop.
//!
//! `unsafe` here: raw pointers into the private side.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;

use crate::sync::{AtomicU64, Ordering, load_held_64};

/// Bytes of a word, the granularity in which slots are copied and dirty ranges are counted.
pub(crate) const WORD: usize = 8;

/// Bytes of a line of the cache.
#[cfg(all(target_arch = "x86_64", not(any(loom, shma_tsan))))]
const LINE: usize = 64;

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
    #[cfg(shma_mutant)]
    if crate::sync::mutant!("words-plain") {
        return load_plain(from, into);
    }
    let (from, into) = {
        let (head, tail) = into.split_at_mut(into.len() - into.len() % assembly::PAIR);
        // SAFETY: `head` is exclusively borrowed and `from` is at least as long by the assertion
        // above; its length is a multiple of `PAIR`.
        unsafe { assembly::load(head.as_mut_ptr().cast(), from.as_ptr().cast(), head.len()) };
        (&from[head.len() / WORD..], tail)
    };
    load_loop(from, into);
}

/// Copies all of `from` to the front of `to`. If `from` covers the last word only in part, the rest
/// of that word becomes zero.
///
/// # Panics
///
/// If `to` is shorter than `from`.
#[inline]
pub(crate) fn store(to: &[AtomicU64], from: &[u8]) {
    assert!(from.len() <= to.len() * WORD);
    count(from.len());
    let (to, from) = {
        let (head, tail) = from.split_at(from.len() - from.len() % assembly::PAIR);
        // SAFETY: `to` is at least as long as `head` by the assertion above, consists of atomics,
        // which may be written through a shared borrow, and is in no plain access; the length is a
        // multiple of `PAIR`.
        unsafe { assembly::store(to.as_ptr().cast_mut().cast(), head.as_ptr(), head.len()) };
        (&to[head.len() / WORD..], tail)
    };
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

/// As [`load`], but by accesses that are not atomic: a fault for ThreadSanitizer to find.
#[cfg(shma_mutant)]
fn load_plain(from: &[AtomicU64], into: &mut [MaybeUninit<u8>]) {
    for (at, byte) in into.iter_mut().enumerate() {
        // SAFETY: inside of `from`, because `into` is not longer.
        let shared = unsafe { from.as_ptr().cast::<u8>().add(at) };
        // SAFETY: readable, as above. That it races with writers is the fault.
        byte.write(unsafe { shared.read() });
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
/// stay as they are, provided that no other thread stores to these words.
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

/// Copies words to others, under the semaphore of both: a few one by one, more through private
/// memory, since there is no other pair of primitives.
///
/// # Panics
///
/// If one has more words than the other.
#[inline]
pub(crate) fn copy(to: &[AtomicU64], from: &[AtomicU64]) {
    const FEW: usize = 16;
    assert!(to.len() == from.len());
    if from.len() > FEW {
        return copy_many(to, from);
    }
    count(2 * from.len() * WORD);
    for (to, from) in to.iter().zip(from) {
        // Relaxed, both: as in `load_loop` and `store_loop`.
        to.store(load_held_64(from), Ordering::Relaxed);
    }
}

/// A function of its own, so that copies of a few do without the room.
#[inline(never)]
fn copy_many(to: &[AtomicU64], from: &[AtomicU64]) {
    const BLOCK: usize = 512;
    let mut room = [MaybeUninit::uninit(); BLOCK * WORD];
    for (to, from) in to.chunks(BLOCK).zip(from.chunks(BLOCK)) {
        let bytes = &mut room[..from.len() * WORD];
        load(from, bytes);
        // SAFETY: `load` has written all of them.
        store(to, unsafe { bytes.assume_init_ref() });
    }
}

/// A fence of sequential consistency for a thread whose own stores are visible to all others: it
/// orders its loads in the one order of all stores. x86-64 does so by itself (Intel SDM vol. 3,
/// section 8.2.2: loads are not reordered with other loads, and other processors see the stores of
/// all in one order), so that it is no instruction there.
#[inline(always)]
pub(crate) fn order_loads() {
    #[cfg(all(target_arch = "x86_64", not(any(loom, shma_tsan))))]
    std::sync::atomic::compiler_fence(Ordering::SeqCst);
    #[cfg(not(all(target_arch = "x86_64", not(any(loom, shma_tsan)))))]
    crate::sync::fence(
        crate::sync::mutant!("snapshot-acquire-fence", Ordering::SeqCst => Ordering::Acquire),
    );
}

/// Stores of a value in pieces, of which none is seen before any store that precedes them all, and
/// all of which are seen with what follows: as single [`store`]s are.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// Whether they are non-temporal, between two fences.
    #[cfg(all(target_arch = "x86_64", not(any(loom, shma_tsan))))]
    streams: bool,
}

impl Pieces {
    /// The pieces of a value of so many bytes.
    #[inline]
    pub(crate) fn of(_len: usize) -> Self {
        #[cfg(all(target_arch = "x86_64", not(any(loom, shma_tsan))))]
        {
            // The first is known when a call on a small value is compiled.
            let streams = _len >= x86::FEWEST_STREAMED && x86::streams(_len);
            if streams {
                x86::fence_before();
            }
            Self { streams }
        }
        #[cfg(not(all(target_arch = "x86_64", not(any(loom, shma_tsan)))))]
        Self {}
    }

    /// [`store`]. The value is complete only when `self` is dropped.
    #[inline]
    pub(crate) fn store(&self, to: &[AtomicU64], from: &[u8]) {
        #[cfg(all(target_arch = "x86_64", not(any(loom, shma_tsan))))]
        if self.streams && from.len().is_multiple_of(WORD) {
            assert!(from.len() <= to.len() * WORD);
            count(from.len());
            // SAFETY: `to` is at least as long by the assertion above, consists of atomics, which
            // may be written through a shared borrow, and is in no plain access; both are multiples
            // of words; the fences are in `of` and `drop`; streams are chosen with AVX-512 only.
            return unsafe {
                x86::stream(to.as_ptr().cast_mut().cast(), from.as_ptr(), from.len());
            };
        }
        store(to, from);
    }

    /// As [`prefetch_to_store`], if that is of any use to [`store`](Self::store).
    #[inline]
    pub(crate) fn prefetch_to_store(&self, words: &[AtomicU64]) {
        #[cfg(all(target_arch = "x86_64", not(any(loom, shma_tsan))))]
        if self.streams {
            return;
        }
        prefetch_to_store(words);
    }
}

#[cfg(all(target_arch = "x86_64", not(any(loom, shma_tsan))))]
impl Drop for Pieces {
    #[inline]
    fn drop(&mut self) {
        if self.streams {
            x86::fence_behind();
        }
    }
}

/// Has these words brought into the cache, if the processor likes. Means nothing.
#[inline]
pub(crate) fn prefetch(_words: &[AtomicU64]) {
    #[cfg(all(target_arch = "x86_64", not(any(loom, shma_tsan))))]
    _words.iter().step_by(LINE / WORD).for_each(|word| x86::prefetch(word.as_ptr()));
}

/// As [`prefetch`], to be stored to.
#[inline]
fn prefetch_to_store(_words: &[AtomicU64]) {
    #[cfg(all(target_arch = "x86_64", not(any(loom, shma_tsan))))]
    _words.iter().step_by(LINE / WORD).for_each(|word| x86::prefetch_to_store(word.as_ptr()));
}

/// Replaces some bytes of a word that no other thread stores to.
fn patch(word: &AtomicU64, first: usize, bytes: &[u8]) {
    count(bytes.len());
    // Relaxed, both: as in `load_loop` and `store_loop`.
    let mut value = word.load(Ordering::Relaxed).to_ne_bytes();
    value[first..first + bytes.len()].copy_from_slice(bytes);
    word.store(u64::from_ne_bytes(value), Ordering::Relaxed);
}

mod assembly;
#[cfg(not(loom))]
mod lengths;
#[cfg(not(loom))]
pub(crate) use lengths::{load_any, store_any};
#[cfg(all(target_arch = "aarch64", not(any(loom, shma_tsan))))]
mod neon;
#[cfg(not(loom))]
pub(crate) mod numbers;
#[cfg(any(loom, shma_tsan, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod portable;
pub(crate) mod raw;
#[cfg(all(target_arch = "x86_64", not(any(loom, shma_tsan))))]
mod x86;

#[cfg(all(test, not(loom)))]
mod tests;
