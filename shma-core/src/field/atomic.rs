//! Handles to fields every element of which is its own atomic.
//!
//! For counters, and for lock-free descent (Niu, Recht, Ré, Wright: "Hogwild!", NIPS 2011).
//!
//! # How calls are counted without a bottleneck
//!
//! A version that every call incremented would be one contended word for all elements. Instead each
//! attachment counts its calls in one of eight stripes, each in cache lines of its own, and the
//! version is the sum of the stripes. A call pays one uncontended increment. A reader adds up eight
//! words; since no stripe ever goes back, neither does the sum.
//!
//! A caller increments its stripe after it has changed its elements, and then looks whether a
//! waiter has announced itself; a waiter announces itself, and then changes nothing in each stripe by
//! a read-modify-write. They find each other as in `notify`, with a stripe in place of the lock word.
//! Without a waiter a caller writes no shared line except its elements and its stripe.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeBounds;
use std::time::Duration;

use super::bounds;
use super::cells::Cells;
use super::version::Version;
use crate::error::Error;
use crate::manifest::element::sealed::Number;
use crate::manifest::element::{self, AtomicElement, AtomicNumber};
use crate::partition::Partition;
use crate::region::access::{Access, ReadWrite};

/// A handle to an `#[shm(atomic)]` field.
///
/// Every element is read and written as a whole, by one atomic instruction or a loop of
/// compare-exchanges. The value as a whole is no snapshot: while others write, a read may see some
/// elements from before a call and some from after it. There is no semaphore, so no call waits for
/// another process. A process that is killed in the middle of a call leaves those elements changed that
/// it had reached.
///
/// An index counts scalars, flat in C order, whatever the dimensions of the array.
///
/// # Panics
///
/// Calls that write panic in a fork child with a handle of its parent's. Calls with an index or a
/// range panic if it is out of bounds.
pub struct Atomic<T, A = ReadWrite> {
    partition: Partition,
    _value: PhantomData<fn(T) -> (T, A)>,
}

impl<T, A> fmt::Debug for Atomic<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Atomic")
            .field("name", &self.partition.field_name())
            .field("version", &self.partition.counted_calls())
            .finish()
    }
}

impl<T: AtomicElement, A: Access> Atomic<T, A> {
    pub(crate) fn new(partition: Partition) -> Self {
        Self { partition, _value: PhantomData }
    }

    #[inline]
    pub(super) fn partition(&self) -> &Partition {
        &self.partition
    }

    /// How many numbers there are.
    const LEN: usize = size_of::<T>() / size_of::<T::Scalar>();

    #[inline]
    fn cells(&self) -> Cells<'_, T::Scalar> {
        Cells::new(self.partition.slots().slot(0), Self::LEN)
    }

    /// Copies all elements: each is whole, the value as a whole is no snapshot. Returns a count of
    /// calls all of which are in it.
    pub fn read_into(&self, into: &mut T) -> Version {
        let version = self.version();
        let cells = self.cells();
        for (i, into) in element::scalars_mut(into).iter_mut().enumerate() {
            *into = cells.load(i);
        }
        version
    }

    /// Calls that wrote, so far, and one for the creation. Of a call that is counted all elements
    /// are seen.
    pub fn version(&self) -> Version {
        Version::new(self.partition.counted_calls())
    }

    /// Sleeps until a call has written that `since` does not count.
    ///
    /// A read-write handle is woken by the call; a read-only handle looks once every millisecond.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`]; [`Error::Retired`] if the region has no name any more and there is
    /// nothing newer in it.
    ///
    /// # Blocking
    ///
    /// At most `timeout`.
    pub fn wait_newer(&self, since: Version, timeout: Duration) -> Result<Version, Error> {
        self.partition.wait_newer(since.into(), timeout).map(Version::new)
    }
}

impl<T: AtomicElement> Atomic<T, ReadWrite> {
    /// Replaces every element by `f` of the argument's element and its own, one after the other, by
    /// compare-exchange: `f` may run again for an element that another thread or process has changed.
    ///
    /// # Panics
    ///
    /// See [`Atomic`]. If `f` panics, the elements before are changed.
    #[track_caller]
    pub fn update_with(&self, new: &T, mut f: impl FnMut(T::Scalar, T::Scalar) -> T::Scalar) {
        self.write(|cells| {
            for (i, new) in element::scalars(new).iter().enumerate() {
                cells.change(i, |old| {
                    let next = f(*new, old);
                    self.refuse_fork_child(); // which `f` may have made
                    next
                });
            }
        });
    }

    /// Runs a call that writes, and counts it.
    #[inline]
    #[track_caller]
    fn write<R>(&self, call: impl FnOnce(Cells<'_, T::Scalar>) -> R) -> R {
        self.refuse_fork_child();
        // Counted also if a closure of the caller's panics: some elements are changed then.
        let _count = self.partition.count_call();
        call(self.cells())
    }

    #[inline]
    #[track_caller]
    fn refuse_fork_child(&self) {
        if let Err(error) = self.partition.check_fork() {
            panic!("{}", self.partition.explain(error));
        }
    }
}

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
    #[inline]
    #[track_caller]
    pub fn set(&self, value: S) {
        self.write(|cells| cells.store(0, value));
    }

    /// Adds, and returns what was before. Integers wrap.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
    #[inline]
    #[track_caller]
    pub fn fetch_add(&self, value: S) -> S {
        self.write(|cells| cells.add(0, value))
    }

    /// Takes the larger one, and returns what was before. A NaN loses against a number.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
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
    #[inline]
    #[track_caller]
    pub fn fetch_min(&self, value: S) -> S {
        self.write(|cells| cells.change(0, |old| old.smaller(value)))
    }
}

impl<E: AtomicElement, A: Access, const N: usize> Atomic<[E; N], A> {
    /// One number.
    ///
    /// # Panics
    ///
    /// If `index` is out of range.
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
    #[inline]
    #[track_caller]
    pub fn set(&self, index: usize, value: E::Scalar) {
        bounds::check(index, Self::LEN, || self.partition.place());
        self.write(|cells| cells.store(index, value));
    }

    /// Adds to one number, and returns what was before. Integers wrap.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
    #[inline]
    #[track_caller]
    pub fn fetch_add(&self, index: usize, value: E::Scalar) -> E::Scalar {
        bounds::check(index, Self::LEN, || self.partition.place());
        self.write(|cells| cells.add(index, value))
    }

    /// Takes the larger one, and returns what was before. A NaN loses against a number.
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
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
    #[track_caller]
    pub fn add(&self, values: &[E; N]) {
        self.write(|cells| cells.add_all(0, element::scalars(values)));
    }

    /// Adds to the numbers of a range.
    ///
    /// # Panics
    ///
    /// If the range is out of bounds or `values` has another length; otherwise see [`Atomic`].
    #[track_caller]
    pub fn add_range(&self, range: impl RangeBounds<usize>, values: &[E::Scalar]) {
        let range = bounds::within(&range, Self::LEN, || self.partition.place());
        bounds::check_len(values.len(), range.len(), || self.partition.place());
        self.write(|cells| cells.add_all(range.start, values));
    }
}
