//! Updates number by number.

use std::ops::Range;

use super::version::Version;
use super::{Field, scratch};
use crate::manifest::element::{self, Element};
use crate::partition::AcquireError;
use crate::protocol::semaphore::Wait;
use crate::protocol::slots::Change;
use crate::region::access::ReadWrite;

impl<T: Element> Field<T, ReadWrite> {
    /// Element-wise update: publishes `f(new, old)` for every scalar, with `new` from the argument
    /// and `old` from the field. Returns the number of the publication.
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
    pub fn update_with(
        &self,
        new: &T,
        f: impl FnMut(T::Scalar, T::Scalar) -> T::Scalar,
    ) -> Version {
        match self.update_each(element::scalars(new), f) {
            Ok(version) => Version::new(version),
            Err(error) => self.refuse(error),
        }
    }

    /// `new`: as many numbers as the field has.
    #[inline]
    pub(crate) fn update_each(
        &self,
        new: &[T::Scalar],
        mut f: impl FnMut(T::Scalar, T::Scalar) -> T::Scalar,
    ) -> Result<u64, AcquireError> {
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
    pub fn merge(&self, new: &mut T, f: impl FnMut(T::Scalar, T::Scalar) -> T::Scalar) -> Version {
        match self.merge_each(new, f) {
            Ok(version) => Version::new(version),
            Err(error) => self.refuse(error),
        }
    }

    #[inline]
    pub(crate) fn merge_each(
        &self,
        new: &mut T,
        mut f: impl FnMut(T::Scalar, T::Scalar) -> T::Scalar,
    ) -> Result<u64, AcquireError> {
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
        change: impl FnMut(Range<usize>, &mut [T::Scalar]),
    ) -> Result<u64, AcquireError> {
        let guard = self.partition.acquire(Wait::Forever)?;
        let active = guard.active();
        let publication = guard.begin(Change::Whole);
        // After the closure, which may have forked.
        scratch::in_blocks(active, publication.slot, Self::SCALARS, change, || guard.check_fork())?;
        Ok(guard.publish(publication)?)
    }
}
