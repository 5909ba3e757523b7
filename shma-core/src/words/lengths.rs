//! The copy primitives for lengths that are not known when a call is compiled.
//!
//! The others are made for constants, where most of what they ask is settled by the compiler. Asked
//! at run time, it takes longer than copying 64 bytes.
//!
//! `unsafe` here: raw pointers into the private side.
#![allow(unsafe_code)]

use super::{WORD, assembly, count, load_over, store};
use crate::sync::AtomicU64;

/// As [`load_over`].
#[inline]
pub(crate) fn load_any(from: &[AtomicU64], into: &mut [u8]) {
    let whole = into.len() - into.len() % assembly::PAIR;
    if whole > size_of_val(from) || cfg!(shma_mutant) {
        // It panics, or is another copy.
        return load_rest(from, into);
    }
    count(whole);
    // SAFETY: `into` is exclusively borrowed and both are at least as long; the length is a multiple of
    // `PAIR`.
    unsafe { assembly::load(into.as_mut_ptr(), from.as_ptr().cast(), whole) };
    if whole < into.len() {
        load_rest(&from[whole / WORD..], &mut into[whole..]);
    }
}

#[inline(never)]
fn load_rest(from: &[AtomicU64], into: &mut [u8]) {
    load_over(from, into);
}

/// As [`store`].
#[inline]
pub(crate) fn store_any(to: &[AtomicU64], from: &[u8]) {
    let whole = from.len() - from.len() % assembly::PAIR;
    if whole > size_of_val(to) || cfg!(shma_mutant) {
        return store_rest(to, from);
    }
    count(whole);
    // SAFETY: `to` is at least as long, consists of atomics, which may be written through a shared
    // borrow, and is in no plain access; the length is a multiple of `PAIR`.
    unsafe { assembly::store(to.as_ptr().cast_mut().cast(), from.as_ptr(), whole) };
    if whole < from.len() {
        store_rest(&to[whole / WORD..], &from[whole..]);
    }
}

#[inline(never)]
fn store_rest(to: &[AtomicU64], from: &[u8]) {
    store(to, from);
}

#[cfg(test)]
mod tests {
    use super::{load_any, store_any};
    use crate::sync::AtomicU64;
    use crate::words::{load_over, store};

    /// Every length does what it does as a constant, and touches nothing beside it.
    #[test]
    fn copies_of_any_length_are_the_same_copies() {
        let words: Vec<AtomicU64> =
            (0..40_u64).map(|i| AtomicU64::new(i.wrapping_mul(0x0101_0203_0508_1321))).collect();
        for len in 0..=320 {
            let (mut any, mut expected) = (vec![0xaa; len + 1], vec![0xaa; len + 1]);
            load_any(&words, &mut any[..len]);
            load_over(&words, &mut expected[..len]);
            assert_eq!(any, expected, "{len}");

            let fresh = || (0..40).map(|_| AtomicU64::new(u64::MAX)).collect::<Vec<_>>();
            let (one, other) = (fresh(), fresh());
            store_any(&one, &expected[..len]);
            store(&other, &expected[..len]);
            let all = |words: Vec<AtomicU64>| -> Vec<u64> {
                words.into_iter().map(AtomicU64::into_inner).collect()
            };
            assert_eq!(all(one), all(other), "{len}");
        }
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn more_than_there_is_is_not_loaded() {
        load_any(&[AtomicU64::new(0)], &mut [0; 16]);
    }

    #[test]
    #[should_panic(expected = "from.len() <= to.len() * WORD")]
    fn more_than_there_is_room_for_is_not_stored() {
        store_any(&[AtomicU64::new(0)], &[0; 16]);
    }
}
