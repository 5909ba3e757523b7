//! Calls on an atomic field of many numbers. An index counts them flat, in C order.

use std::ops::RangeBounds;

use super::Atomic;
use crate::field::bounds;
use crate::manifest::element::sealed::Number;
use crate::manifest::element::{self, AtomicElement, AtomicInteger};
use crate::region::access::{Access, ReadWrite};

impl<E: AtomicElement, A: Access, const N: usize> Atomic<[E; N], A> {
    /// One number.
    ///
    /// # Panics
    ///
    /// If `index` is out of range.
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn get(&self, index: usize) -> E::Scalar {
        bounds::check(index, Self::LEN, || self.partition.place());
        self.cells().load(index)
    }
}

impl<E: AtomicElement, const N: usize> Atomic<[E; N], ReadWrite> {
    /// Replaces one number.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn set(&self, index: usize, value: E::Scalar) {
        bounds::check(index, Self::LEN, || self.partition.place());
        self.write(|cells| cells.store(index, value));
    }

    /// Replaces one number, and returns what was before.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn swap(&self, index: usize, value: E::Scalar) -> E::Scalar {
        bounds::check(index, Self::LEN, || self.partition.place());
        self.write(|cells| cells.swap(index, value))
    }

    /// Replaces one number with `new` if it is `current`, bit by bit. Returns what was before: in `Ok` if
    /// it was replaced, in `Err` if it was another one and stays.
    ///
    /// Floats are compared by their bits too: -0.0 is not 0.0 here, and a NaN is itself if sign and
    /// payload are the same. So pass on what a call returned, and not what was computed to be equal.
    ///
    /// A failure counts for no call, and wakes no waiter. It is never spurious: the number was
    /// another one.
    ///
    /// # Errors
    ///
    /// The number that is there, if it is another one. Nothing is changed then.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn compare_exchange(
        &self,
        index: usize,
        current: E::Scalar,
        new: E::Scalar,
    ) -> Result<E::Scalar, E::Scalar> {
        bounds::check(index, Self::LEN, || self.partition.place());
        self.exchange(index, current, new)
    }

    /// Adds to one number, and returns what was before. Integers wrap.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn fetch_add(&self, index: usize, value: E::Scalar) -> E::Scalar {
        bounds::check(index, Self::LEN, || self.partition.place());
        self.write(|cells| cells.add(index, value))
    }

    /// Subtracts from one number, and returns what was before. Integers wrap.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn fetch_sub(&self, index: usize, value: E::Scalar) -> E::Scalar {
        bounds::check(index, Self::LEN, || self.partition.place());
        self.write(|cells| cells.subtract(index, value))
    }

    /// Takes the larger one, and returns what was before. A NaN loses against a number.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn fetch_max(&self, index: usize, value: E::Scalar) -> E::Scalar {
        bounds::check(index, Self::LEN, || self.partition.place());
        self.write(|cells| cells.change(index, |old| old.larger(value)))
    }

    /// Takes the smaller one, and returns what was before. A NaN loses against a number.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn fetch_min(&self, index: usize, value: E::Scalar) -> E::Scalar {
        bounds::check(index, Self::LEN, || self.partition.place());
        self.write(|cells| cells.change(index, |old| old.smaller(value)))
    }

    /// Adds element by element. Integers wrap.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[track_caller]
    pub fn add(&self, values: &[E; N]) {
        self.write(|cells| cells.add_all(0, element::scalars(values)));
    }

    /// Adds to the numbers of a range.
    ///
    /// # Panics
    ///
    /// If the range is out of bounds or `values` has another length; otherwise see [`Atomic`].
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[track_caller]
    pub fn add_range(&self, range: impl RangeBounds<usize>, values: &[E::Scalar]) {
        let range = bounds::within(&range, Self::LEN, || self.partition.place());
        bounds::check_len(values.len(), range.len(), || self.partition.place());
        self.write(|cells| cells.add_all(range.start, values));
    }
}

impl<E: AtomicElement<Scalar: AtomicInteger>, const N: usize> Atomic<[E; N], ReadWrite> {
    /// Keeps the bits of one number that `value` has too, and returns what was before.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn fetch_and(&self, index: usize, value: E::Scalar) -> E::Scalar {
        bounds::check(index, Self::LEN, || self.partition.place());
        self.write(|cells| cells.and(index, value))
    }

    /// Sets the bits of one number that `value` has, and returns what was before.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn fetch_or(&self, index: usize, value: E::Scalar) -> E::Scalar {
        bounds::check(index, Self::LEN, || self.partition.place());
        self.write(|cells| cells.or(index, value))
    }

    /// Flips the bits of one number that `value` has, and returns what was before.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn fetch_xor(&self, index: usize, value: E::Scalar) -> E::Scalar {
        bounds::check(index, Self::LEN, || self.partition.place());
        self.write(|cells| cells.xor(index, value))
    }
}
