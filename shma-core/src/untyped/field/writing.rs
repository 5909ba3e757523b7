//! Replacing the value, or a part of it.
//!
//! `unsafe` here: memory of other languages.
#![allow(unsafe_code)]

use super::Field;
use crate::error::Error;
use crate::field::{Version, cell_bytes};
use crate::untyped::wait::Wait;
use crate::words;

impl Field {
    /// Replaces the value, and returns the publication's number. In an atomic field each number is
    /// replaced by itself, without a semaphore.
    ///
    /// # Errors
    ///
    /// [`Error::WrongSize`], and as [`hold`](Self::hold).
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore, as long as `wait` says.
    #[inline]
    pub fn write(&self, value: &[u8], wait: Wait) -> Result<Version, Error> {
        self.check_writable()?;
        self.check_whole(value.len())?;
        if !self.is_atomic()
            && let Some(guard) = self.partition().acquire_alone()
        {
            let published = guard.publish_any(value);
            return published.map(Version::new).map_err(|forked| self.partition().explain(forked));
        }
        self.write_otherwise(value, wait)
    }

    #[cold]
    fn write_otherwise(&self, value: &[u8], wait: Wait) -> Result<Version, Error> {
        if self.is_atomic() {
            return self.store_numbers(0, value);
        }
        let published =
            self.partition().acquire(wait.into()).and_then(|guard| Ok(guard.publish_whole(value)?));
        published.map(Version::new).map_err(|error| self.partition().explain(error))
    }

    /// Replaces the bytes from `first` on, at their cost, and returns the publication's number.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`]; of an atomic field [`Error::WrongSize`] if a number is cut in two; and as
    /// [`hold`](Self::hold).
    ///
    /// # Blocking
    ///
    /// As [`write`](Self::write).
    pub fn write_part(&self, first: usize, part: &[u8], wait: Wait) -> Result<Version, Error> {
        self.check_writable()?;
        self.check_part(first, part.len())?;
        if self.is_atomic() {
            return self.store_numbers(first, part);
        }
        let published = self
            .partition()
            .acquire(wait.into())
            .and_then(|guard| Ok(guard.publish_part(first, part)?));
        published.map(Version::new).map_err(|error| self.partition().explain(error))
    }

    /// As [`write_part`](Self::write_part), from memory that other threads of the process may access
    /// meanwhile: what is then published is unspecified.
    ///
    /// # Errors
    ///
    /// As [`write_part`](Self::write_part).
    ///
    /// # Safety
    ///
    /// `from` can be read for `len` bytes throughout the call, and is not shared memory.
    ///
    /// # Blocking
    ///
    /// As [`write`](Self::write).
    pub unsafe fn write_part_raw(
        &self,
        first: usize,
        from: *const u8,
        len: usize,
        wait: Wait,
    ) -> Result<Version, Error> {
        self.check_writable()?;
        self.check_part(first, len)?;
        if self.is_atomic() {
            let mut numbers = vec![0; len];
            // SAFETY: as the caller promises; the numbers are another object.
            unsafe { from.copy_to_nonoverlapping(numbers.as_mut_ptr(), len) };
            return self.store_numbers(first, &numbers);
        }
        let published = self.partition().acquire(wait.into()).and_then(|guard| {
            let publication = guard.begin(self.change(first, len));
            // SAFETY: as the caller promises.
            unsafe { words::raw::store_part_raw(publication.slot, first, from, len) };
            Ok(guard.publish(publication)?)
        });
        published.map(Version::new).map_err(|error| self.partition().explain(error))
    }

    fn store_numbers(&self, first: usize, part: &[u8]) -> Result<Version, Error> {
        let stored = cell_bytes::store(self.partition(), self.0.number, &[(first, part)]);
        stored.map(Version::new).map_err(|error| self.partition().explain(error))
    }
}
