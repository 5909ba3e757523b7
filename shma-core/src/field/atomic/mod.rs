//! Handles to fields every element of which is its own atomic.
//!
//! For counters, and for lock-free descent (Niu, Recht, Ré, Wright: "Hogwild!", NIPS 2011).
//!
//! | module | holds |
//! |---|---|
//! | this one | [`Atomic`], and calls on fields of any shape |
//! | [`scalar`], [`array`] | calls on a field of one number, and of an array |
//! | [`racy`] | calls on many numbers that may lose what others write meanwhile |
//!
//! # How calls are counted without a bottleneck
//!
//! A version that every call incremented would be one contended word for all elements. Instead each
//! attachment counts its calls in one of eight stripes, each in cache lines of its own, and the
//! version is the sum of the stripes. A call pays one uncontended increment. A reader adds up eight
//! words; since no stripe ever goes back, neither does the sum.
//!
//! A caller increments its stripe after it has changed its elements, and then looks whether a
//! waiter has announced itself. A waiter announces itself, and then changes nothing in each stripe
//! by a read-modify-write. They find each other as in `notify`, with a stripe in place of the lock
//! word. Without a waiter a caller writes no shared line except its elements and its stripe.

mod array;
mod racy;
mod scalar;

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::cells::Cells;
use super::version::Version;
use crate::error::Error;
use crate::manifest::element::{self, AtomicElement};
use crate::partition::Partition;
use crate::region::access::{Access, ReadWrite};

/// A handle to an `#[shm(atomic)]` field.
///
/// Every element is read and written as a whole. A call changes it by one atomic instruction or a loop
/// of compare-exchanges, so no change of another process is lost. The calls with `racy` in their
/// names are the exception. They load and store, which takes less time, and may lose changes that
/// others make in between. The value as a whole is no snapshot: while others write, a read may see
/// some elements from before a call and some from after it. There is no semaphore, so no call waits
/// for another process. A process that is killed in the middle of a call leaves those elements
/// changed that it had reached.
///
/// An index counts scalars, flat in C order, whatever the dimensions of the array.
///
/// # Panics
///
/// Calls that write panic in a fork child with a handle of its parent's. Calls with an index or a
/// range panic if it is out of bounds.
///
/// # Examples
///
/// ```
/// use shma_core::ShmState;
///
/// #[derive(ShmState)]
/// struct Pool {
///     #[shm(atomic)]
///     owner: u32,
///     #[shm(atomic)]
///     flags: u64,
///     #[shm(atomic)]
///     stock: [i64; 3],
/// }
/// # let name = format!("doc-atomic-{}", std::process::id());
/// # let name = name.as_str();
///
/// let pool = Pool::create(name, &Pool::zeroed())?;
/// assert_eq!(pool.owner.compare_exchange(0, 7), Ok(0)); // it was free: this process has it
/// assert_eq!(pool.owner.compare_exchange(0, 8), Err(7));
/// pool.flags.fetch_or(0b101);
/// assert_eq!(pool.flags.fetch_and(!0b100), 0b101);
/// pool.stock.add(&[10, 20, 30]);
/// assert_eq!(pool.stock.fetch_sub(1, 5), 20);
/// assert_eq!(pool.owner.swap(0), 7);
/// # assert_eq!((pool.flags.get(), pool.stock.get(1)), (1, 15));
/// # Ok::<(), shma_core::Error>(())
/// ```
///
/// Bitwise operations are for integers, and a read-only handle has no call that writes:
///
/// ```compile_fail
/// # use shma_core::{Atomic, ReadWrite};
/// fn halve(weight: &Atomic<f32, ReadWrite>) {
///     weight.fetch_and(0.5); // integers only
/// }
/// ```
///
/// ```compile_fail
/// # use shma_core::{Atomic, ReadOnly};
/// fn take(owner: &Atomic<u32, ReadOnly>) -> bool {
///     owner.compare_exchange(0, 7).is_ok() // no such call
/// }
/// ```
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
    pub(crate) fn partition(&self) -> &Partition {
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
        self.cells().load_all(element::scalars_mut(into));
        version
    }

    /// Calls that wrote, so far, and one for the creation. A process that sees a call counted sees
    /// all that the call changed. Each call counts once, however many elements it changes. A
    /// `compare_exchange` that fails has written nothing, and does not count.
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
    /// compare-exchange. `f` may run again for an element that another thread or process has
    /// changed.
    ///
    /// # Panics
    ///
    /// See [`Atomic`]. If `f` panics, the elements before are changed.
    ///
    /// # Blocking
    ///
    /// Never blocks.
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

    /// Replaces a number if its bits are those of `current`. Counts only if it does: a loop that
    /// waits for the next call after it failed would otherwise be woken by itself.
    #[inline]
    #[track_caller]
    fn exchange(
        &self,
        index: usize,
        current: T::Scalar,
        new: T::Scalar,
    ) -> Result<T::Scalar, T::Scalar> {
        self.refuse_fork_child();
        let before = self.cells().compare_exchange(index, current, new)?;
        drop(self.partition.count_call());
        Ok(before)
    }

    #[inline]
    #[track_caller]
    fn refuse_fork_child(&self) {
        if let Err(error) = self.partition.check_fork() {
            panic!("{}", self.partition.explain(error));
        }
    }
}
