//! Handles to fields.
//!
//! | module | holds |
//! |---|---|
//! | this one | [`Field`], and calls on whole values |
//! | [`array`] | parts of arrays |
//! | [`atomic`] | [`Atomic`]: fields whose numbers are updated one by one; [`cells`] are those numbers |
//! | [`scratch`] | private memory for closures |
//! | [`version`] | the number of a publication |
//! | [`bounds`] | ranges that a caller gives |
//!
//! `unsafe` here: values made of bytes.
#![allow(unsafe_code)]

mod array;
mod atomic;
pub(crate) mod bounds;
pub(crate) mod cells;
mod scratch;
mod version;

use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::time::Duration;

use crate::error::{Error, Place};
use crate::manifest::element::{self, Element};
use crate::partition::{AcquireError, Partition};
use crate::protocol::semaphore::Wait;
use crate::protocol::slots::{Change, Slots};
use crate::region::access::{Access, ReadWrite};
use crate::words;

use scratch::Spare;

pub use atomic::Atomic;
pub use version::Version;

/// The largest value that is returned by value.
pub(crate) const BY_VALUE: usize = 64 << 10;

/// A handle to one field of a state in shared memory.
///
/// Every read gives one consistent value: exactly what one publication held. Reads neither write
/// shared memory nor make a writer wait, unless they were overtaken many times (see
/// [`read`](Field::read)). Writers of one field exclude each other by its semaphore; different fields
/// have nothing to do with each other.
///
/// # Blocking
///
/// A call that acquires the semaphore waits for its holder, and for no other process. A killed holder
/// is replaced as soon as the kernel has ended it; a stopped one is waited for (see
/// [`try_update`](Self::try_update) and [`update_timeout`](Self::update_timeout)). A thread that
/// ends inside a closure without unwinding, while its process lives on, keeps the semaphore.
///
/// # Panics
///
/// Every call that takes the semaphore, but for those that return a `Result`, panics
///
/// - on re-entry: from inside a closure that updates the same field, or a field of the same region
///   that is declared later;
/// - in a fork child, with a handle of its parent's.
///
/// A panic inside a closure passes through; nothing is published, and the semaphore is free.
pub struct Field<T, A = ReadWrite> {
    partition: Partition,
    spare: Spare<T>,
    _access: PhantomData<A>,
}

impl<T, A> fmt::Debug for Field<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field")
            .field("name", &self.partition.field_name())
            .field("version", &self.partition.version())
            .field("owner", &self.partition.owner())
            .finish()
    }
}

impl<T: Element, A: Access> Field<T, A> {
    pub(crate) fn new(partition: Partition) -> Self {
        Self { partition, spare: Spare::new(), _access: PhantomData }
    }

    #[inline]
    pub(crate) fn partition(&self) -> &Partition {
        &self.partition
    }

    pub(crate) fn place(&self) -> Place {
        self.partition.place()
    }

    /// Ends a call that has no `Result` to say it with.
    #[cold]
    #[track_caller]
    pub(crate) fn refuse(&self, error: AcquireError) -> ! {
        panic!("{}", self.partition.explain(error))
    }

    /// One consistent value.
    ///
    /// For types over 64 KiB this does not build: use [`read_into`](Self::read_into) or
    /// [`read_boxed`](Self::read_boxed).
    ///
    /// ```compile_fail
    /// # use shma_core::ShmState;
    /// # #[derive(ShmState)]
    /// # struct Sky {
    /// #     pixels: [f64; 10_000],
    /// # }
    /// let sky = Sky::open("sky")?;
    /// let first = sky.pixels.read()[0]; // 80,000 bytes
    /// # Ok::<(), shma_core::Error>(())
    /// ```
    ///
    /// # Blocking
    ///
    /// Never blocks. It retries while writers overtake it. After 64 failed attempts a read-write handle
    /// also tries to hold the semaphore, if it is free, which delays writers for one copy.
    /// [`try_read`](Self::try_read) never does.
    #[inline]
    pub fn read(&self) -> T {
        const {
            assert!(
                size_of::<T>() <= BY_VALUE,
                "this field is larger than 64 KiB: use `read_into` or `read_boxed` instead of `read`"
            );
        }
        let load = |into: &mut [MaybeUninit<u8>]| {
            self.partition.read(|slots, version| words::load(slots.slot(version), into));
        };
        // SAFETY: `read` calls its closure at least once, and `load` writes all bytes that it is
        // given.
        unsafe { scratch::fill(load) }
    }

    /// As [`read`](Self::read), into the caller's memory. Returns the publication's number.
    ///
    /// # Blocking
    ///
    /// As [`read`](Self::read).
    #[inline]
    pub fn read_into(&self, into: &mut T) -> Version {
        let read = |slots: Slots<'_>, version| {
            scratch::load_over(slots.slot(version), into);
        };
        Version::new(self.partition.read(read))
    }

    /// As [`read`](Self::read), into a new allocation, never through the stack.
    ///
    /// # Blocking
    ///
    /// As [`read`](Self::read).
    pub fn read_boxed(&self) -> Box<T> {
        let mut value = bytemuck::zeroed_box();
        self.read_into(&mut value);
        value
    }

    /// As [`read_into`](Self::read_into), with bounded effort.
    ///
    /// # Errors
    ///
    /// [`Error::Contended`] if publications overtook every one of 64 tries. What `into` then holds
    /// is unspecified: parts of several publications.
    ///
    /// # Blocking
    ///
    /// Never blocks, and never acquires the semaphore.
    pub fn try_read(&self, into: &mut T) -> Result<Version, Error> {
        let read = self
            .partition
            .read_bounded(|slots, version| scratch::load_over(slots.slot(version), into));
        read.map(Version::new)
    }

    /// The number of publications so far.
    #[inline]
    pub fn version(&self) -> Version {
        Version::new(self.partition.version())
    }

    /// As [`read_into`](Self::read_into), but copies only if there is a publication other than
    /// `since`; `None` if there is not.
    ///
    /// # Blocking
    ///
    /// As [`read`](Self::read).
    #[inline]
    pub fn read_newer(&self, since: Version, into: &mut T) -> Option<Version> {
        if self.version() == since { None } else { Some(self.read_into(into)) }
    }

    /// Sleeps until there is a publication other than `since`, and returns its number, or that of
    /// a later one.
    ///
    /// A read-write handle is woken by the publication; a read-only handle looks once every
    /// millisecond.
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

    /// Time since the latest publication, on the monotonic clock of this machine. It is exact to
    /// the kernel's tick, a few milliseconds; for an `#[shm(timed)]` field, to the microsecond.
    pub fn age(&self) -> Duration {
        self.partition.age()
    }
}

impl<T: Element> Field<T, ReadWrite> {
    /// Exclusive read-modify-write: takes the semaphore, calls `f` with a private copy to change
    /// and the value as it is, and publishes the copy. `new` starts equal to `old`.
    ///
    /// It publishes whenever `f` returns, whatever it returns: also if `f` changed nothing, and also if
    /// it returns an `Err` after it changed something. Only a panic keeps the value as it was. Every
    /// publication wakes those that wait for one.
    ///
    /// Values over 4 KiB are copied to two buffers of their size that the handle keeps.
    ///
    /// # Panics
    ///
    /// See [`Field`]. If `f` panics, nothing is published.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore.
    #[inline]
    #[track_caller]
    pub fn update<R>(&self, f: impl FnOnce(&mut T, &T) -> R) -> R {
        // No closure: it would be the place that the panic names.
        match self.update_within(Wait::Forever, f) {
            Ok(result) => result,
            Err(error) => self.refuse(error),
        }
    }

    /// As [`update`](Self::update), without waiting for a holder that lives. An `Err` of this call
    /// published nothing; an `Err` that `f` returns is inside of `Ok`, and was published.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`] if another thread or process holds the semaphore,
    /// [`Error::Reentrant`], [`Error::Forked`].
    ///
    /// # Blocking
    ///
    /// Never blocks; a dead holder is replaced at once.
    pub fn try_update<R>(&self, f: impl FnOnce(&mut T, &T) -> R) -> Result<R, Error> {
        self.update_within(Wait::No, f).map_err(|error| self.partition.explain(error))
    }

    /// As [`update`](Self::update), waiting at most so long for the semaphore. An `Err` of this call
    /// published nothing; an `Err` that `f` returns is inside of `Ok`, and was published.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], which says who holds it, [`Error::Reentrant`], [`Error::Forked`].
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore, at most `timeout`.
    pub fn update_timeout<R>(
        &self,
        timeout: Duration,
        f: impl FnOnce(&mut T, &T) -> R,
    ) -> Result<R, Error> {
        self.update_within(Wait::at_most(timeout), f).map_err(|error| self.partition.explain(error))
    }

    #[inline]
    fn update_within<R>(
        &self,
        wait: Wait,
        f: impl FnOnce(&mut T, &T) -> R,
    ) -> Result<R, AcquireError> {
        let guard = self.partition.acquire(wait)?;
        self.spare.with_copies(guard.active(), |new, old| {
            let result = f(new, old);
            // The closure may have forked.
            guard.check_fork()?;
            guard.publish_whole(bytemuck::bytes_of(new))?;
            Ok(result)
        })
    }

    /// Replaces the value.
    ///
    /// # Panics
    ///
    /// See [`Field`].
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore.
    #[inline]
    #[track_caller]
    pub fn write(&self, value: &T) {
        if let Err(error) = self.replace(value) {
            self.refuse(error);
        }
    }

    #[inline]
    fn replace(&self, value: &T) -> Result<(), AcquireError> {
        let guard = self.partition.acquire(Wait::Forever)?;
        guard.publish_whole(bytemuck::bytes_of(value))?;
        Ok(())
    }

    /// Element-wise update: publishes `f(new, old)` for every scalar, with `new` from the argument
    /// and `old` from the field.
    ///
    /// Nothing of the field's size is allocated: it goes block by block.
    ///
    /// # Panics
    ///
    /// See [`Field`]. If `f` panics, nothing is published.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore.
    #[inline]
    #[track_caller]
    pub fn update_with(&self, new: &T, f: impl FnMut(T::Scalar, T::Scalar) -> T::Scalar) {
        if let Err(error) = self.update_each(new, f) {
            self.refuse(error);
        }
    }

    #[inline]
    pub(crate) fn update_each(
        &self,
        new: &T,
        mut f: impl FnMut(T::Scalar, T::Scalar) -> T::Scalar,
    ) -> Result<(), AcquireError> {
        let new = element::scalars(new);
        self.element_wise(|range, block| {
            for (value, new) in block.iter_mut().zip(&new[range]) {
                *value = f(*new, *value);
            }
        })
    }

    /// As [`update_with`](Self::update_with), and the argument ends up holding what was published.
    ///
    /// # Panics
    ///
    /// See [`Field`]. If `f` panics, nothing is published, and part of `new` is changed.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore.
    #[inline]
    #[track_caller]
    pub fn merge(&self, new: &mut T, f: impl FnMut(T::Scalar, T::Scalar) -> T::Scalar) {
        if let Err(error) = self.merge_each(new, f) {
            self.refuse(error);
        }
    }

    #[inline]
    pub(crate) fn merge_each(
        &self,
        new: &mut T,
        mut f: impl FnMut(T::Scalar, T::Scalar) -> T::Scalar,
    ) -> Result<(), AcquireError> {
        let new = element::scalars_mut(new);
        self.element_wise(|range, block| {
            for (value, new) in block.iter_mut().zip(&mut new[range]) {
                *value = f(*new, *value);
                *new = *value;
            }
        })
    }

    #[inline]
    fn element_wise(
        &self,
        change: impl FnMut(std::ops::Range<usize>, &mut [T::Scalar]),
    ) -> Result<(), AcquireError> {
        let guard = self.partition.acquire(Wait::Forever)?;
        let active = guard.active();
        let publication = guard.begin(Change::Whole);
        let len = const { size_of::<T>() / size_of::<T::Scalar>() };
        // After the closure, which may have forked.
        scratch::in_blocks(active, publication.slot, len, change, || guard.check_fork())?;
        guard.publish(publication)?;
        Ok(())
    }
}
