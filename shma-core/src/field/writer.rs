//! Many publications under one acquisition of the semaphore.

use std::fmt;
use std::ops::{Range, RangeBounds};
use std::time::Duration;

use super::Field;
use super::bounds;
use super::scratch;
use super::version::Version;
use crate::error::Error;
use crate::manifest::element::{self, Element};
use crate::partition::{Forked, Hold};
use crate::protocol::semaphore::Wait;
use crate::protocol::slots::Change;
use crate::region::access::ReadWrite;

impl<T: Element> Field<T, ReadWrite> {
    /// Acquires the semaphore for as many publications as the caller likes: for the one learner,
    /// sensor or control loop that writes a field.
    ///
    /// Readers read, and waiters are woken, as with [`write`](Self::write).
    ///
    /// # Errors
    ///
    /// [`Error::Reentrant`] if the thread holds this field's semaphore, or that of a field of the
    /// same region that is declared later. Several writers are acquired in declaration order.
    /// [`Error::Forked`].
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore. The first call of a process with several threads also
    /// registers it with the kernel, which takes up to some 20 milliseconds.
    pub fn writer(&self) -> Result<Writer<'_, T>, Error> {
        self.writer_within(Wait::Forever)
    }

    /// As [`writer`](Self::writer), waiting at most so long for the semaphore.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], which names the holder, and as [`writer`](Self::writer).
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore, at most `timeout`; otherwise as
    /// [`writer`](Self::writer).
    pub fn writer_timeout(&self, timeout: Duration) -> Result<Writer<'_, T>, Error> {
        self.writer_within(Wait::at_most(timeout))
    }

    fn writer_within(&self, wait: Wait) -> Result<Writer<'_, T>, Error> {
        match self.partition().hold(wait) {
            Ok(hold) => Ok(Writer { field: self, hold }),
            Err(error) => Err(self.partition().explain(error)),
        }
    }
}

/// The semaphore of a field, held for many publications: see [`Field::writer`].
///
/// Each call publishes, and returns the number of its publication. Compared with a call on the
/// [`Field`] it saves the acquisition and the release of the semaphore, which are two locked
/// instructions. A publication here has none.
///
/// ```
/// # use shma_core::ShmState;
/// # #[derive(ShmState)]
/// # struct Policy { weights: [f32; 4], reward: f32 }
/// # let name = format!("doc-writer-{}", std::process::id());
/// let policy = Policy::create(&name, &Policy::zeroed())?;
/// let mut weights = policy.weights.writer()?;
/// let mut reward = policy.reward.writer()?; // in declaration order
/// for step in 1..=100 {
///     let seen = weights.update(|new, old| new[0] = old[0] + 0.5);
///     reward.write(&(step as f32));
///     assert_eq!(u64::from(seen), 1 + step);
/// }
/// drop((weights, reward)); // others may write now
/// assert_eq!(policy.weights.read()[0], 50.0);
/// # Ok::<(), shma_core::Error>(())
/// ```
///
/// # Who may block whom
///
/// Readers are not affected, and neither are snapshots while the holder pauses for as long as a
/// snapshot takes. A `Writer` that publishes without any pause overtakes readers as any writer does.
///
/// Whatever else acquires the semaphore waits until the `Writer` is dropped: a call that writes the
/// field, and every [`transaction`](crate::Shm::transaction) of the state. Calls with a time-out end
/// in [`Error::Timeout`] and [`try_update`](Field::try_update) in [`Error::WouldBlock`]; both name
/// this holder. Calls of the holding thread itself would wait for ever, and are refused: a
/// transaction, a call that writes this field or one declared before it. Fields declared later may
/// be written.
///
/// The semaphore is released when the `Writer` is dropped, also by a panic, and when its process
/// ends, however it ends. The next writer finds the last publication. (A `Writer` that is
/// forgotten, as by [`std::mem::forget`], keeps it until its handle is dropped or its process ends.)
///
/// # Age
///
/// [`Field::age`] is the time since the last publication, as with a [`Field`], and not since the
/// acquisition. With one exception: to read the clock takes longer than all the rest of a small
/// publication. So where more than 16 publications come within one tick of the kernel's clock (1 to
/// 10 ms), eight share a reading. While they keep coming, that is no difference. After a pause it is:
/// up to seven publications then count as old as the last one before the pause. A control loop of
/// some kHz is never that fast, and in `#[shm(timed)]` fields each publication has its own reading.
///
/// # Threads
///
/// The semaphore belongs to the thread that has acquired it:
///
/// ```compile_fail,E0277
/// fn is_send<T: Send>() {}
/// is_send::<shma_core::Writer<'_, f64>>();
/// ```
///
/// # Panics
///
/// All calls panic in a fork child, where nothing is published. A panic of a closure passes through:
/// its publication does not come to be, and the `Writer` still holds the semaphore.
#[must_use = "the semaphore is released as soon as this is dropped"]
pub struct Writer<'a, T> {
    field: &'a Field<T, ReadWrite>,
    hold: Hold<'a>,
}

impl<T> fmt::Debug for Writer<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("field", self.field).finish()
    }
}

impl<T: Element> Writer<'_, T> {
    /// Replaces the value.
    ///
    /// # Panics
    ///
    /// In a fork child.
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn write(&mut self, value: &T) -> Version {
        let published = self.hold.publish_whole(bytemuck::bytes_of(value));
        self.published(published)
    }

    /// Read-modify-write: calls `f` with a private copy to change and the value as it is, and
    /// publishes the copy. `new` starts equal to `old`.
    ///
    /// # Panics
    ///
    /// In a fork child. If `f` panics, nothing is published.
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn update(&mut self, f: impl FnOnce(&mut T, &T)) -> Version {
        let Self { field, hold } = self;
        let published = field.spare.with_copies(hold.active(), |new, old| {
            f(new, old);
            hold.publish_whole(bytemuck::bytes_of(new))
        });
        self.published(published)
    }

    /// Element-wise update: publishes `f(new, old)` for every scalar, with `new` from the argument
    /// and `old` from the field.
    ///
    /// Nothing of the field's size is allocated: it goes block by block.
    ///
    /// # Panics
    ///
    /// In a fork child. If `f` panics, nothing is published.
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn update_with(
        &mut self,
        new: &T,
        f: impl FnMut(T::Scalar, T::Scalar) -> T::Scalar,
    ) -> Version {
        let published = self.update_each(new, f);
        self.published(published)
    }

    #[inline]
    fn update_each(
        &mut self,
        new: &T,
        mut f: impl FnMut(T::Scalar, T::Scalar) -> T::Scalar,
    ) -> Result<u64, Forked> {
        let new = element::scalars(new);
        let hold = &mut self.hold;
        hold.check_fork()?;
        let active = hold.active();
        let publication = hold.begin(Change::Whole);
        let len = Field::<T, ReadWrite>::SCALARS;
        let change = |range: Range<usize>, block: &mut [T::Scalar]| {
            for (value, new) in block.iter_mut().zip(&new[range]) {
                *value = f(*new, *value);
            }
        };
        // After the closure, which may have forked.
        scratch::in_blocks(active, publication.slot, len, change, || hold.check_fork())?;
        hold.publish(publication)
    }

    /// Ends a call.
    #[inline]
    #[track_caller]
    fn published(&self, published: Result<u64, Forked>) -> Version {
        match published {
            Ok(version) => Version::new(version),
            Err(forked) => self.field.refuse(forked.into()),
        }
    }
}

impl<E: Element, const N: usize> Writer<'_, [E; N]> {
    /// As [`update`](Self::update), for the elements of a range, at the cost of the part. The rest of
    /// the field stays as it is.
    ///
    /// # Panics
    ///
    /// If the range is out of bounds, and in a fork child. If `f` panics, nothing is published.
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn update_range(
        &mut self,
        range: impl RangeBounds<usize>,
        f: impl FnOnce(&mut [E], &[E]),
    ) -> Version {
        let Self { field, hold } = self;
        let range = bounds::within(&range, N, || field.place());
        let first = range.start * size_of::<E>();
        let published = scratch::with_part_copies(hold.active(), first, range.len(), |new, old| {
            f(new, old);
            hold.publish_part(first, bytemuck::cast_slice(new))
        });
        self.published(published)
    }

    /// Replaces one element.
    ///
    /// # Panics
    ///
    /// If `index` is out of range, and in a fork child.
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn set(&mut self, index: usize, value: E) -> Version {
        bounds::check(index, N, || self.field.place());
        let published = self.hold.publish_part(index * size_of::<E>(), bytemuck::bytes_of(&value));
        self.published(published)
    }
}
