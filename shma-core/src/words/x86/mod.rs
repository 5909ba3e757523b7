//! The copy primitives in assembly: moves of two words and more.
//!
//! What each move does to a word is what a relaxed atomic access does. Processors read and write
//! aligned words of eight bytes whole, also as parts of a vector or of a string. Shared memory is
//! always aligned to them. (The manuals promise whole accesses for single words only. Nothing hangs
//! on it: a copy that met a writer is thrown away, whatever is in it.) An assembly block is opaque
//! to the compiler, which therefore can neither assume that shared memory stands still nor move
//! other accesses across. The processor may carry out the parts of a block in any order, as it may
//! with relaxed accesses. Before and after it x86-64 keeps the order of loads and that of stores,
//! string operations included (Intel SDM vol. 3, section 8.2.4). Non-temporal stores are the
//! exception: see [`streamed`].
//!
//! Which way is taken for which length follows from the processor: see [`choice`].
//!
//! `unsafe` here: assembly.
#![allow(unsafe_code)]

mod choice;
mod hints;
mod pairs;
mod processor;
mod streams;
mod strings;
mod vectors;
mod way;
#[cfg(shma_copies)]
mod wish;

pub(super) use hints::{prefetch, prefetch_to_store};
pub(super) use pairs::PAIR;
pub(super) use streams::stream;

use way::{LOADS, STORES};
#[cfg(not(test))]
use {pairs::pairs, strings::strings, way::Way};

#[cfg(test)]
pub(super) use {
    choice::Vectors,
    pairs::pairs,
    processor::Processor,
    strings::strings,
    vectors::{avx, avx512, sse2},
    way::Way,
};

use super::{LINE, WORD};
use crate::sync::mutant;

/// What the vector loops move in one turn.
pub(super) const STEP: usize = 128;

/// Copies `len` bytes as relaxed words from shared memory.
///
/// # Safety
///
/// `from` can be read and `to` written for `len` bytes, they do not overlap, `from` is aligned to
/// words and accessed atomically by all others, and `len` is a multiple of [`PAIR`].
#[inline]
pub(super) unsafe fn load(to: *mut u8, from: *const u8, len: usize) {
    if len < STEP {
        // SAFETY: as the caller promises.
        unsafe { pairs(to, from, len) }
    } else {
        // SAFETY: as the caller promises.
        unsafe { copy_long(to, from, len, &LOADS) }
    }
}

/// Copies `len` bytes as relaxed words to shared memory.
///
/// # Safety
///
/// As [`load`], with `to` for `from`.
#[inline]
pub(super) unsafe fn store(to: *mut u8, from: *const u8, len: usize) {
    if len < STEP {
        // SAFETY: as the caller promises.
        unsafe { pairs(to, from, len) }
    } else {
        // SAFETY: as the caller promises.
        unsafe { copy_long(to, from, len, &STORES) }
    }
}

/// As [`load`] or [`store`], for at least [`STEP`] bytes.
///
/// # Safety
///
/// As there.
pub(super) unsafe fn copy_long(to: *mut u8, from: *const u8, len: usize, way: &Way) {
    let vectors = way.vectors();
    if len >= way.vectors_below() {
        // SAFETY: as the caller promises.
        unsafe { copy_longer(to, from, len, way) }
    } else {
        // SAFETY: as the caller promises; the vectors are of this processor.
        unsafe { vectors.copy(to, from, len) }
    }
}

/// As [`copy_long`], for lengths at which vectors are not the first choice.
///
/// # Safety
///
/// As there.
#[inline(never)]
unsafe fn copy_longer(to: *mut u8, from: *const u8, len: usize, way: &Way) {
    if len >= way.streams_from() && to.addr().is_multiple_of(WORD) {
        // SAFETY: as the caller promises; there are lengths for streams only with AVX-512.
        unsafe { streamed(to, from, len) }
    } else if len >= way.strings_from() {
        // SAFETY: as the caller promises.
        unsafe { strings(to, from, len) }
    } else {
        // SAFETY: as the caller promises; the vectors are of this processor.
        unsafe { way.vectors().copy(to, from, len) }
    }
}

/// Copies by non-temporal stores, between two fences.
///
/// Such stores are outside of the order of all others, so neither the release order of `version` nor
/// the fence behind `begin` covers them. On x86-64 both are for the compiler alone. What would go
/// wrong in the protocol of slots without one of them was seen on Emerald Rapids:
///
/// 1. Without the fence behind: `version` is seen before a word of the slot. A reader that has
///    acquired this version copies what the slot held before, and accepts it, since `begin` is right.
///    It is the case 2 of the protocol, whose release store then is none.
/// 2. Without the fence before: a word of the slot is seen before `begin`. A reader that copies the
///    publication K before this one gets the word, still sees the old `begin`, and accepts a
///    mixture. It is the case 1, whose release fence then is none.
///
/// A load streams into private memory, which its thread may give to another one by a release store:
/// that needs the fence behind as well. A thread that dies between the two leaves what a thread
/// leaves that dies between two relaxed stores. Its successor acquires the semaphore from the
/// kernel, which has ended the thread, and finds all stores that the thread has made.
///
/// Neither loom nor ThreadSanitizer sees any of this, since they are built with the loop of words.
///
/// # Safety
///
/// As [`load`] and [`store`], `to` is aligned to [`WORD`], and the processor has AVX-512.
unsafe fn streamed(to: *mut u8, from: *const u8, len: usize) {
    fence_before();
    // SAFETY: as the caller promises.
    unsafe { stream(to, from, len) };
    fence_behind();
}

/// No processor stores fewer bytes by non-temporal stores.
pub(super) const FEWEST_STREAMED: usize =
    if cfg!(shma_mutant) { 0 } else { choice::FEWEST_STREAMED };

/// Whether so many bytes are stored by non-temporal stores.
#[inline]
pub(super) fn streams(len: usize) -> bool {
    // The vectors are asked for first, as `Way` wants it.
    STORES.vectors();
    len >= STORES.streams_from()
}

/// What stands before the first of some [`stream`]s.
pub(super) fn fence_before() {
    streams::fence();
}

/// What stands behind the last of some [`stream`]s.
pub(super) fn fence_behind() {
    if !mutant!("words-unfenced-behind") {
        streams::fence();
    }
}

#[cfg(test)]
mod tests;
