//! Values as one slice of numbers, for libraries that have arrays of their own.

use super::version::Version;
use super::{Field, bounds};
use crate::manifest::element::{self, Element};
use crate::protocol::semaphore::Wait;
use crate::region::access::{Access, ReadWrite};
use crate::words;

/// The value as one slice of its scalars in C order, whatever the nesting of its arrays:
/// `[[f32; 784]; 128]` as 100,352 `f32`. [`Element::SHAPE`] has the lengths.
///
/// The docs have [recipes](crate::docs::recipes#arrays-of-other-libraries) for `ndarray`, `nalgebra`
/// and `candle`.
impl<T: Element, A: Access> Field<T, A> {
    /// As [`read_into`](Self::read_into), into a slice.
    ///
    /// # Panics
    ///
    /// If `into` has another length.
    ///
    /// # Blocking
    ///
    /// As [`read`](Self::read).
    #[inline]
    #[track_caller]
    pub fn read_flat(&self, into: &mut [T::Scalar]) -> Version {
        bounds::check_len(into.len(), Self::SCALARS, || self.place());
        let bytes = bytemuck::cast_slice_mut(into);
        let version = self.partition.read(|slots, version| {
            words::load_over(slots.slot(version), bytes);
        });
        Version::new(version)
    }
}

impl<T: Element> Field<T, ReadWrite> {
    /// As [`write`](Self::write), from a slice.
    ///
    /// # Panics
    ///
    /// If `values` has another length; otherwise see [`Field`].
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore.
    #[inline]
    #[track_caller]
    pub fn write_flat(&self, values: &[T::Scalar]) -> Version {
        bounds::check_len(values.len(), Self::SCALARS, || self.place());
        match self.replace(bytemuck::cast_slice(values)) {
            Ok(version) => Version::new(version),
            Err(error) => self.refuse(error),
        }
    }

    /// As [`update`](Self::update), and the closure gets slices of all numbers.
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
    pub fn update_flat<R>(&self, f: impl FnOnce(&mut [T::Scalar], &[T::Scalar]) -> R) -> R {
        let flat = |new: &mut T, old: &T| f(element::scalars_mut(new), element::scalars(old));
        match self.update_within(Wait::Forever, flat) {
            Ok(result) => result,
            Err(error) => self.refuse(error),
        }
    }

    /// As [`update_with`](Self::update_with), with a slice as its argument.
    ///
    /// # Panics
    ///
    /// If `new` has another length; otherwise see [`Field`]. If `f` panics, nothing is published.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore.
    #[inline]
    #[track_caller]
    pub fn update_with_flat(
        &self,
        new: &[T::Scalar],
        f: impl FnMut(T::Scalar, T::Scalar) -> T::Scalar,
    ) -> Version {
        bounds::check_len(new.len(), Self::SCALARS, || self.place());
        match self.update_each(new, f) {
            Ok(version) => Version::new(version),
            Err(error) => self.refuse(error),
        }
    }
}
