//! Parts of arrays, at the cost of the part.
//!
//! `unsafe` here: elements made of bytes.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::{Range, RangeBounds};

use super::bounds;
use super::scratch;
use super::version::Version;
use super::{BY_VALUE, Field};
use crate::manifest::element::Element;
use crate::partition::AcquireError;
use crate::protocol::semaphore::Wait;
use crate::region::access::{Access, ReadWrite};
use crate::words;

/// Parts of an array field. An index counts the outermost dimension, so that of `[[f32; 784]; 128]`
/// is a row of 784.
///
/// What a call costs depends on the part and not on the field. Whole updates are the exception.
/// With K slots, each of the K - 1 partial updates after one brings another slot up to date, which
/// copies the field within the region.
impl<E: Element, A: Access, const N: usize> Field<[E; N], A> {
    /// One element, consistent by itself.
    ///
    /// For elements over 64 KiB this does not build: use [`read_range`](Self::read_range).
    ///
    /// # Panics
    ///
    /// If `index` is out of range.
    ///
    /// # Blocking
    ///
    /// As [`read`](Self::read).
    #[inline]
    #[track_caller]
    pub fn get(&self, index: usize) -> E {
        const {
            assert!(
                size_of::<E>() <= BY_VALUE,
                "this element is larger than 64 KiB: use `read_range` instead of `get`"
            );
        }
        bounds::check(index, N, || self.place());
        let first = index * size_of::<E>();
        let load = |into: &mut [MaybeUninit<u8>]| {
            self.partition().read(|slots, version| {
                words::load_part(slots.slot(version), first, into);
            });
        };
        // SAFETY: `read` calls its closure at least once, and `load_part` writes all bytes that it
        // is given.
        unsafe { scratch::fill(load) }
    }

    /// The elements of a range, all from one publication.
    ///
    /// # Panics
    ///
    /// If the range is out of bounds, or `into` has another length.
    ///
    /// # Blocking
    ///
    /// As [`read`](Self::read).
    #[inline]
    #[track_caller]
    pub fn read_range(&self, range: impl RangeBounds<usize>, into: &mut [E]) -> Version {
        let range = bounds::within(&range, N, || self.place());
        bounds::check_len(into.len(), range.len(), || self.place());
        let first = range.start * size_of::<E>();
        let bytes = bytemuck::cast_slice_mut(into);
        let version = self.partition().read(|slots, version| {
            words::load_part_over(slots.slot(version), first, bytes);
        });
        Version::new(version)
    }
}

impl<E: Element, const N: usize> Field<[E; N], ReadWrite> {
    /// As [`update`](Self::update), for the elements of a range. The rest of the field stays as it
    /// is. As there, it publishes whenever `f` returns, an `Err` too.
    ///
    /// # Panics
    ///
    /// If the range is out of bounds; otherwise see [`Field`]. If `f` panics, nothing is
    /// published.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore.
    #[inline]
    #[track_caller]
    pub fn update_range<R>(
        &self,
        range: impl RangeBounds<usize>,
        f: impl FnOnce(&mut [E], &[E]) -> R,
    ) -> R {
        let range = bounds::within(&range, N, || self.place());
        match self.change(range, f) {
            Ok(result) => result,
            Err(error) => self.refuse(error),
        }
    }

    /// As [`update_range`](Self::update_range), and publishes only if `f` returns `Some`; see
    /// [`update_if`](Self::update_if).
    ///
    /// # Panics
    ///
    /// As [`update_range`](Self::update_range).
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore.
    #[inline]
    #[track_caller]
    pub fn update_range_if<R>(
        &self,
        range: impl RangeBounds<usize>,
        f: impl FnOnce(&mut [E], &[E]) -> Option<R>,
    ) -> Option<R> {
        let range = bounds::within(&range, N, || self.place());
        match self.change_if(range, f) {
            Ok(result) => result,
            Err(error) => self.refuse(error),
        }
    }

    /// Replaces one element, and returns the number of the publication.
    ///
    /// # Panics
    ///
    /// If `index` is out of range; otherwise see [`Field`].
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore.
    #[inline]
    #[track_caller]
    pub fn set(&self, index: usize, value: E) -> Version {
        bounds::check(index, N, || self.place());
        match self.replace_part(index, &value) {
            Ok(version) => Version::new(version),
            Err(error) => self.refuse(error),
        }
    }

    #[inline]
    fn change<R>(
        &self,
        range: Range<usize>,
        f: impl FnOnce(&mut [E], &[E]) -> R,
    ) -> Result<R, AcquireError> {
        let guard = self.partition().acquire(Wait::Forever)?;
        let first = range.start * size_of::<E>();
        scratch::with_part_copies(guard.active(), first, range.len(), |new, old| {
            let result = f(new, old);
            // The closure may have forked.
            guard.check_fork()?;
            guard.publish_part(first, bytemuck::cast_slice(new))?;
            Ok(result)
        })
    }

    #[inline]
    fn change_if<R>(
        &self,
        range: Range<usize>,
        f: impl FnOnce(&mut [E], &[E]) -> Option<R>,
    ) -> Result<Option<R>, AcquireError> {
        let guard = self.partition().acquire(Wait::Forever)?;
        let first = range.start * size_of::<E>();
        scratch::with_part_copies(guard.active(), first, range.len(), |new, old| {
            let result = f(new, old);
            // The closure may have forked.
            guard.check_fork()?;
            if result.is_some() {
                guard.publish_part(first, bytemuck::cast_slice(new))?;
            }
            Ok(result)
        })
    }

    #[inline]
    fn replace_part(&self, index: usize, value: &E) -> Result<u64, AcquireError> {
        let guard = self.partition().acquire(Wait::Forever)?;
        Ok(guard.publish_part(index * size_of::<E>(), bytemuck::bytes_of(value))?)
    }
}
