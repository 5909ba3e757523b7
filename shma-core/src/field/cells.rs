//! The numbers of an atomic field, each as an atomic of its own size.
//!
//! A number is always accessed in its own size and never as part of a wider word: overlapping
//! atomics of different sizes have no defined meaning.
//!
//! `unsafe` here: looking at words as halves.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use crate::manifest::element::AtomicNumber;
use crate::sync::{AtomicU32, AtomicU64, Ordering};

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
        S::from_bits(match self.cell(index) {
            Cell::Half(half) => half.load(Ordering::Relaxed).into(),
            Cell::Whole(word) => word.load(Ordering::Relaxed),
        })
    }

    #[inline]
    pub(crate) fn store(&self, index: usize, value: S) {
        match self.cell(index) {
            Cell::Half(half) => half.store(value.to_bits() as u32, Ordering::Relaxed),
            Cell::Whole(word) => word.store(value.to_bits(), Ordering::Relaxed),
        }
    }

    /// Adds, and returns what was before.
    #[inline]
    pub(crate) fn add(&self, index: usize, value: S) -> S {
        if const { !S::WRAPS } {
            return self.change(index, |old| old.plus(value));
        }
        S::from_bits(match self.cell(index) {
            Cell::Half(half) => half.fetch_add(value.to_bits() as u32, Ordering::Relaxed).into(),
            Cell::Whole(word) => word.fetch_add(value.to_bits(), Ordering::Relaxed),
        })
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
}
