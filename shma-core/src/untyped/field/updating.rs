//! Changing the value, exclusively.

use std::ops::Range;

use super::{Copies, Field};
use crate::error::Error;
use crate::field::{Version, scratch};
use crate::partition::{AcquireError, Guard};
use crate::untyped::buffer::Buffer;
use crate::untyped::wait::Wait;

impl Field {
    /// Exclusive read-modify-write. `f` gets a private copy of the value to change, and the value as it
    /// is; what it leaves is published. If `f` panics, nothing is.
    ///
    /// # Errors
    ///
    /// As [`hold`](Self::hold).
    ///
    /// # Blocking
    ///
    /// As [`hold`](Self::hold).
    pub fn update(&self, wait: Wait, f: impl FnOnce(&mut [u8], &[u8])) -> Result<Version, Error> {
        self.update_part(0..self.size(), wait, f)
    }

    /// As [`update`](Self::update), of these bytes of the value, at their cost.
    ///
    /// # Errors
    ///
    /// As [`hold`](Self::hold), and [`Error::OutOfRange`].
    ///
    /// # Blocking
    ///
    /// As [`hold`](Self::hold).
    pub fn update_part(
        &self,
        bytes: Range<usize>,
        wait: Wait,
        f: impl FnOnce(&mut [u8], &[u8]),
    ) -> Result<Version, Error> {
        let published = self.update_if(bytes, wait, |new, old| {
            f(new, old);
            true
        });
        // It was published: the closure said so.
        published.map(Option::unwrap_or_default)
    }

    /// As [`update_part`](Self::update_part), and publishes only if `f` returns true. If it does not, no
    /// version moves and no waiter wakes.
    ///
    /// # Errors
    ///
    /// As [`update_part`](Self::update_part).
    ///
    /// # Blocking
    ///
    /// As [`hold`](Self::hold).
    pub fn update_if(
        &self,
        bytes: Range<usize>,
        wait: Wait,
        f: impl FnOnce(&mut [u8], &[u8]) -> bool,
    ) -> Result<Option<Version>, Error> {
        let (first, len) = (bytes.start, bytes.len());
        self.check_part(first, bytes.end.saturating_sub(first))?;
        if bytes.end < first {
            return Err(self.out_of_range("bytes", first, bytes.end, self.size()));
        }
        self.check_writable()?;
        self.check_ordinary()?;
        let publish = |guard: Guard<'_>, new: &[u8]| -> Result<Option<u64>, AcquireError> {
            // The closure may have forked.
            guard.check_fork()?;
            let whole = first == 0 && len == self.0.size;
            let published =
                if whole { guard.publish_whole(new) } else { guard.publish_part(first, new) };
            Ok(Some(published?))
        };
        let published = if len <= scratch::STACK_BYTES {
            self.partition().acquire(wait.into()).and_then(|guard| {
                scratch::with_part_copies(guard.active(), first, len, |new, old| {
                    if f(new, old) { publish(guard, new) } else { Ok(None) }
                })
            })
        } else {
            self.with_copies(len, |new, old| {
                let guard = self.partition().acquire(wait.into())?;
                scratch::load_twice(guard.active(), first, new, old);
                if f(new, old) { publish(guard, new) } else { Ok(None) }
            })
        };
        let published = published.map_err(|error| self.partition().explain(error));
        Ok(published?.map(Version::new))
    }

    /// Calls `f` with memory for two copies, from before the semaphore on.
    fn with_copies<R>(&self, len: usize, f: impl FnOnce(&mut [u8], &mut [u8]) -> R) -> R {
        // Not waited for: another thread that has them returns them soon, and new ones do as well.
        let kept = self.0.spare.try_lock().ok().and_then(|mut spare| spare.take());
        let kept = kept.filter(|copies| copies.new.holds(len));
        let mut copies =
            kept.unwrap_or_else(|| Copies { new: Buffer::new(len), old: Buffer::new(len) });
        let result = f(copies.new.bytes_mut(len), copies.old.bytes_mut(len));
        if let Ok(mut spare) = self.0.spare.try_lock() {
            *spare = Some(copies);
        }
        result
    }
}
