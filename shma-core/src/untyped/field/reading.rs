//! Reading.
//!
//! `unsafe` here: memory of other languages.
#![allow(unsafe_code)]

use std::time::{Duration, Instant};

use super::Field;
use crate::error::Error;
use crate::field::{Version, cell_bytes};
use crate::protocol::slots::Slots;
use crate::sync::AtomicU64;
use crate::words;

/// How long a read tries.
enum Effort {
    Forever,
    Until(Instant),
    Bounded,
}

impl Field {
    /// Reads one consistent value into these bytes; of an atomic field each number by itself.
    ///
    /// # Errors
    ///
    /// [`Error::WrongSize`].
    ///
    /// # Blocking
    ///
    /// As [`Field::read`](crate::Field::read) of a typed handle.
    #[inline]
    pub fn read(&self, into: &mut [u8]) -> Result<Version, Error> {
        self.check_whole(into.len())?;
        self.read_forever(words::load_any, 0, into)
    }

    /// Reads the bytes from `first` on, all from one publication.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`]; of an atomic field also [`Error::WrongSize`] if a number is cut in two.
    ///
    /// # Blocking
    ///
    /// As [`read`](Self::read).
    #[inline]
    pub fn read_part(&self, first: usize, into: &mut [u8]) -> Result<Version, Error> {
        self.check_part(first, into.len())?;
        self.read_forever(|slot, into| words::load_part_over(slot, first, into), first, into)
    }

    /// As [`read_part`](Self::read_part), with 64 tries.
    ///
    /// # Errors
    ///
    /// As [`read_part`](Self::read_part), and [`Error::Contended`] if publications overtook every try.
    ///
    /// # Blocking
    ///
    /// Never blocks, and never acquires the semaphore.
    pub fn try_read_part(&self, first: usize, into: &mut [u8]) -> Result<Version, Error> {
        self.check_part(first, into.len())?;
        self.read_by(&Effort::Bounded, first, into)
    }

    /// As [`read`](Self::read), with 64 tries.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and [`Error::Contended`] if publications overtook every try.
    ///
    /// # Blocking
    ///
    /// Never blocks, and never acquires the semaphore.
    pub fn try_read(&self, into: &mut [u8]) -> Result<Version, Error> {
        self.check_whole(into.len())?;
        self.read_by(&Effort::Bounded, 0, into)
    }

    /// As [`read_part`](Self::read_part), for at most this time.
    ///
    /// # Errors
    ///
    /// As [`read_part`](Self::read_part), and [`Error::Contended`] if publications overtook every try.
    ///
    /// # Blocking
    ///
    /// At most `timeout`; never acquires the semaphore.
    pub fn read_part_timeout(
        &self,
        first: usize,
        into: &mut [u8],
        timeout: Duration,
    ) -> Result<Version, Error> {
        self.check_part(first, into.len())?;
        let effort = Instant::now().checked_add(timeout).map_or(Effort::Forever, Effort::Until);
        self.read_by(&effort, first, into)
    }

    /// The plain way is compiled into the caller: an error that may come of the other one would be
    /// returned through memory.
    #[inline(always)]
    fn read_forever(
        &self,
        load: impl Fn(&[AtomicU64], &mut [u8]),
        first: usize,
        into: &mut [u8],
    ) -> Result<Version, Error> {
        if !self.is_atomic() {
            let read = self.partition().read_alone(|slot| load(slot, into));
            if let Some(version) = read {
                return Ok(Version::new(version));
            }
        }
        self.read_otherwise(first, into)
    }

    #[cold]
    fn read_otherwise(&self, first: usize, into: &mut [u8]) -> Result<Version, Error> {
        self.read_by(&Effort::Forever, first, into)
    }

    fn read_by(&self, effort: &Effort, first: usize, into: &mut [u8]) -> Result<Version, Error> {
        if let Some(size) = self.number_size() {
            return Ok(Version::new(cell_bytes::load(self.partition(), size, first, into)));
        }
        self.copy_by(effort, |slots, version| {
            words::load_part_over(slots.slot(version), first, into);
        })
    }

    fn copy_by(&self, effort: &Effort, copy: impl FnMut(Slots<'_>, u64)) -> Result<Version, Error> {
        let read = match effort {
            Effort::Forever => Ok(self.partition().read(copy)),
            Effort::Until(end) => self.partition().read_until(*end, copy),
            Effort::Bounded => self.partition().read_bounded(copy),
        };
        read.map(Version::new)
    }

    /// As [`read_part`](Self::read_part) if `timeout` is `None`, otherwise as
    /// [`read_part_timeout`](Self::read_part_timeout), into memory that other threads of the process may
    /// access meanwhile, such as an interpreter's array: what it then holds is unspecified.
    ///
    /// # Errors
    ///
    /// As [`read_part_timeout`](Self::read_part_timeout).
    ///
    /// # Safety
    ///
    /// `into` can be written for `len` bytes throughout the call, and is not shared memory.
    ///
    /// # Blocking
    ///
    /// As [`read_part`](Self::read_part), [`read_part_timeout`](Self::read_part_timeout).
    pub unsafe fn read_part_raw(
        &self,
        first: usize,
        into: *mut u8,
        len: usize,
        timeout: Option<Duration>,
    ) -> Result<Version, Error> {
        self.check_part(first, len)?;
        if self.is_atomic() {
            let mut numbers = vec![0; len];
            let version = self.read_by(&Effort::Forever, first, &mut numbers)?;
            // SAFETY: as the caller promises; the numbers are another object.
            unsafe { into.copy_from_nonoverlapping(numbers.as_ptr(), len) };
            return Ok(version);
        }
        let end = timeout.map(|timeout| Instant::now().checked_add(timeout));
        let effort = end.flatten().map_or(Effort::Forever, Effort::Until);
        self.copy_by(&effort, |slots, version| {
            // SAFETY: as the caller promises.
            unsafe { words::raw::load_part_raw(slots.slot(version), first, into, len) };
        })
    }
}
