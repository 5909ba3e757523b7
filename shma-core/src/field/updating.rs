//! Calls that replace a whole value.

use std::time::Duration;

use super::Field;
use super::version::Version;
use crate::error::Error;
use crate::manifest::element::Element;
use crate::partition::AcquireError;
use crate::protocol::semaphore::Wait;
use crate::region::access::ReadWrite;

impl<T: Element> Field<T, ReadWrite> {
    /// Exclusive read-modify-write: acquires the semaphore, calls `f` with a private copy to change
    /// and the value as it is, and publishes the copy. `new` starts equal to `old`.
    ///
    /// It publishes whenever `f` returns, whatever it returns: also if `f` changed nothing, and also if
    /// it returns an `Err` after it changed something. Only a panic keeps the value as it was.
    /// Every publication wakes the threads that wait for one. [`update_if`](Self::update_if)
    /// publishes only what is worth it.
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
    /// # Panics
    ///
    /// Only if `f` does; nothing is published then.
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
    /// [`Error::Timeout`], which names the holder, [`Error::Reentrant`], [`Error::Forked`].
    ///
    /// # Panics
    ///
    /// Only if `f` does; nothing is published then.
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
    pub(super) fn update_within<R>(
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

    /// Replaces the value, and returns the number of the publication.
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
    pub fn write(&self, value: &T) -> Version {
        match self.replace(bytemuck::bytes_of(value)) {
            Ok(version) => Version::new(version),
            Err(error) => self.refuse(error),
        }
    }

    /// Publishes these bytes, which are all of a value.
    // Always: a small value's size has to be a constant where it is copied.
    #[inline(always)]
    pub(super) fn replace(&self, value: &[u8]) -> Result<u64, AcquireError> {
        let guard = self.partition.acquire(Wait::Forever)?;
        Ok(guard.publish_whole(value)?)
    }
}
