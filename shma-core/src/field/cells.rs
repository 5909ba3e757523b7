//! The numbers of an atomic field, each as an atomic of its own size.
//!
//! A number is always accessed in its own size and never as part of a wider word: overlapping
//! atomics of different sizes have no defined meaning. Runs of numbers are in [`numbers`].
//!
//! `unsafe` here: looking at words as halves.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use crate::manifest::element::{AtomicInteger, AtomicNumber};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::words::numbers::{self, Lane};

/// The numbers of an atomic field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cells<'a, S> {
    words: &'a [AtomicU64],
    len: usize,
    _numbers: PhantomData<S>,
}

/// One number's atomic.
enum Cell<'a> {
    Half(&'a AtomicU32),
    Whole(&'a AtomicU64),
}

/// What an operation on a number's atomic returns, as the number. Numbers go in as bits of the
/// atomic's size.
macro_rules! on {
    ($cell:expr, |$number:ident| $operation:expr) => {
        S::from_bits(match $cell {
            Cell::Half($number) => u64::from($operation),
            Cell::Whole($number) => $operation,
        })
    };
}

impl<'a, S: AtomicNumber> Cells<'a, S> {
    /// # Panics
    ///
    /// If the words are too few.
    #[inline]
    pub(crate) fn new(words: &'a [AtomicU64], len: usize) -> Self {
        const { assert!(size_of::<S>() == 4 || size_of::<S>() == 8) };
        assert!(len * size_of::<S>() <= size_of_val(words));
        Self { words, len, _numbers: PhantomData }
    }

    /// # Panics
    ///
    /// If `index` is out of range.
    #[inline]
    fn cell(&self, index: usize) -> Cell<'a> {
        assert!(index < self.len);
        if const { size_of::<S>() == 8 } {
            return Cell::Whole(&self.words[index]);
        }
        let halves = self.words.as_ptr().cast::<AtomicU32>();
        // SAFETY: `index` is below `len`, and `new` has seen that so many numbers of four bytes
        // lie in the words.
        let half = unsafe { halves.add(index) };
        // SAFETY: aligned, since a word is more aligned than a half; lives as long as the words;
        // an atomic may be written through a shared borrow, and all access to it goes this way.
        Cell::Half(unsafe { &*half })
    }

    // Relaxed, in all of the following: elements are ordered with nothing but themselves; the count
    // that follows releases them.

    #[inline]
    pub(crate) fn load(&self, index: usize) -> S {
        on!(self.cell(index), |cell| cell.load(Ordering::Relaxed))
    }

    #[inline]
    pub(crate) fn store(&self, index: usize, value: S) {
        match self.cell(index) {
            Cell::Half(half) => half.store(value.to_bits() as u32, Ordering::Relaxed),
            Cell::Whole(word) => word.store(value.to_bits(), Ordering::Relaxed),
        }
    }

    /// Stores, and returns what was before.
    #[inline]
    pub(crate) fn swap(&self, index: usize, value: S) -> S {
        on!(self.cell(index), |cell| cell.swap(value.to_bits() as _, Ordering::Relaxed))
    }

    /// Stores `new` if the bits are those of `current`. Returns what was before, as an error if it
    /// is still there.
    #[inline]
    pub(crate) fn compare_exchange(&self, index: usize, current: S, new: S) -> Result<S, S> {
        let (current, new) = (current.to_bits(), new.to_bits());
        let exchanged = match self.cell(index) {
            Cell::Half(half) => half
                .compare_exchange(current as u32, new as u32, Ordering::Relaxed, Ordering::Relaxed)
                .map(u64::from)
                .map_err(u64::from),
            Cell::Whole(word) => {
                word.compare_exchange(current, new, Ordering::Relaxed, Ordering::Relaxed)
            }
        };
        exchanged.map(S::from_bits).map_err(S::from_bits)
    }

    /// Adds, and returns what was before.
    #[inline]
    pub(crate) fn add(&self, index: usize, value: S) -> S {
        if const { !S::WRAPS } {
            return self.change(index, |old| old.plus(value));
        }
        on!(self.cell(index), |cell| cell.fetch_add(value.to_bits() as _, Ordering::Relaxed))
    }

    /// Subtracts, and returns what was before.
    #[inline]
    pub(crate) fn subtract(&self, index: usize, value: S) -> S {
        if const { !S::WRAPS } {
            return self.change(index, |old| old.minus(value));
        }
        on!(self.cell(index), |cell| cell.fetch_sub(value.to_bits() as _, Ordering::Relaxed))
    }

    /// Adds to the numbers from `first` on.
    #[inline]
    pub(crate) fn add_all(&self, first: usize, values: &[S]) {
        for (i, value) in values.iter().enumerate() {
            self.add(first + i, *value);
        }
    }

    /// Replaces a number by `f` of it, and returns what was before.
    #[inline]
    pub(crate) fn change(&self, index: usize, mut f: impl FnMut(S) -> S) -> S {
        let mut next = |bits| f(S::from_bits(bits)).to_bits();
        S::from_bits(match self.cell(index) {
            Cell::Half(half) => {
                let mut old = half.load(Ordering::Relaxed);
                loop {
                    let new = next(old.into()) as u32;
                    match half.compare_exchange_weak(old, new, Ordering::Relaxed, Ordering::Relaxed)
                    {
                        Ok(_) => break old.into(),
                        Err(other) => old = other,
                    }
                }
            }
            Cell::Whole(word) => {
                let mut old = word.load(Ordering::Relaxed);
                loop {
                    let new = next(old);
                    match word.compare_exchange_weak(old, new, Ordering::Relaxed, Ordering::Relaxed)
                    {
                        Ok(_) => break old,
                        Err(other) => old = other,
                    }
                }
            }
        })
    }

    /// All numbers, for accesses to runs of them.
    #[inline]
    pub(crate) fn all(&self) -> &'a [<S as Lane>::Cell] {
        // SAFETY: `Lane` promises that the atomics have the size of the numbers, and `new` has seen
        // that so many lie in the words, which are as aligned and live as long; atomics may be
        // written through a shared borrow, and all access to them is atomic in this size.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr().cast(), self.len) }
    }

    /// Copies all numbers.
    #[inline]
    pub(crate) fn load_all(&self, into: &mut [S]) {
        numbers::load_over(self.all(), into);
    }
}

impl<S: AtomicInteger> Cells<'_, S> {
    /// Keeps the bits that `value` has too, and returns what was before.
    #[inline]
    pub(crate) fn and(&self, index: usize, value: S) -> S {
        on!(self.cell(index), |cell| cell.fetch_and(value.to_bits() as _, Ordering::Relaxed))
    }

    /// Sets the bits of `value`, and returns what was before.
    #[inline]
    pub(crate) fn or(&self, index: usize, value: S) -> S {
        on!(self.cell(index), |cell| cell.fetch_or(value.to_bits() as _, Ordering::Relaxed))
    }

    /// Flips the bits of `value`, and returns what was before.
    #[inline]
    pub(crate) fn xor(&self, index: usize, value: S) -> S {
        on!(self.cell(index), |cell| cell.fetch_xor(value.to_bits() as _, Ordering::Relaxed))
    }
}
