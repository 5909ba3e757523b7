//! Calls on an atomic field of one number.

use super::Atomic;
use crate::manifest::element::{AtomicElement, AtomicInteger, AtomicNumber};
use crate::region::access::{Access, ReadWrite};

impl<S: AtomicNumber + AtomicElement, A: Access> Atomic<S, A> {
    /// The number.
    #[inline]
    pub fn get(&self) -> S {
        self.cells().load(0)
    }
}

impl<S: AtomicNumber + AtomicElement> Atomic<S, ReadWrite> {
    /// Replaces the number.
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
    pub fn set(&self, value: S) {
        self.write(|cells| cells.store(0, value));
    }

    /// Replaces the number, and returns what was before.
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
    pub fn swap(&self, value: S) -> S {
        self.write(|cells| cells.swap(0, value))
    }

    /// Replaces the number with `new` if it is `current`, bit by bit. Returns what was before: in `Ok` if
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
    pub fn compare_exchange(&self, current: S, new: S) -> Result<S, S> {
        self.exchange(0, current, new)
    }

    /// Adds, and returns what was before. Integers wrap.
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
    pub fn fetch_add(&self, value: S) -> S {
        self.write(|cells| cells.add(0, value))
    }

    /// Subtracts, and returns what was before. Integers wrap.
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
    pub fn fetch_sub(&self, value: S) -> S {
        self.write(|cells| cells.subtract(0, value))
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
    pub fn fetch_max(&self, value: S) -> S {
        self.write(|cells| cells.change(0, |old| old.larger(value)))
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
    pub fn fetch_min(&self, value: S) -> S {
        self.write(|cells| cells.change(0, |old| old.smaller(value)))
    }
}

impl<S: AtomicInteger + AtomicElement> Atomic<S, ReadWrite> {
    /// Keeps the bits that `value` has too, and returns what was before.
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
    pub fn fetch_and(&self, value: S) -> S {
        self.write(|cells| cells.and(0, value))
    }

    /// Sets the bits that `value` has, and returns what was before.
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
    pub fn fetch_or(&self, value: S) -> S {
        self.write(|cells| cells.or(0, value))
    }

    /// Flips the bits that `value` has, and returns what was before.
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
    pub fn fetch_xor(&self, value: S) -> S {
        self.write(|cells| cells.xor(0, value))
    }
}
