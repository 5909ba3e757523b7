//! Reads of whole values.
//!
//! `unsafe` here: values made of bytes.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use super::version::Version;
use super::{BY_VALUE, Field, scratch};
use crate::error::Error;
use crate::manifest::element::Element;
use crate::protocol::slots::Slots;
use crate::region::access::Access;
use crate::words;

impl<T: Element, A: Access> Field<T, A> {
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
        const { assert_small::<T>() };
        let load = |into: &mut [MaybeUninit<u8>]| {
            self.partition.read(|slots, version| words::load(slots.slot(version), into));
        };
        // SAFETY: `read` calls its closure at least once, and `load` writes all bytes that it is
        // given.
        unsafe { scratch::fill(load) }
    }

    /// As [`read`](Self::read), with the number of the publication that held the value.
    ///
    /// # Blocking
    ///
    /// As [`read`](Self::read).
    #[inline]
    pub fn read_versioned(&self) -> (T, Version) {
        const { assert_small::<T>() };
        let mut version = 0;
        let load = |into: &mut [MaybeUninit<u8>]| {
            version = self.partition.read(|slots, version| words::load(slots.slot(version), into));
        };
        // SAFETY: as in `read`.
        let value = unsafe { scratch::fill(load) };
        (value, Version::new(version))
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
}

/// Stops the build where a value would pass through the stack that is too large for it.
const fn assert_small<T>() {
    assert!(
        size_of::<T>() <= BY_VALUE,
        "this field is larger than 64 KiB: use `read_into` or `read_boxed` instead of `read`"
    );
}
