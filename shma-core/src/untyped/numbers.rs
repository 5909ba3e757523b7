//! Updates number by number.

use std::ops::Range;

use super::field::Field;
use super::wait::Wait;
use crate::error::Error;
use crate::field::{Version, scratch};
use crate::manifest::Number;
use crate::manifest::element::Element;
use crate::partition::AcquireError;
use crate::protocol::slots::Change;

impl Field {
    /// Element-wise read-modify-write: replaces each number `old` by `f(new, old)`, `new` the one at its
    /// place in C order. `E` is the type of the numbers, or of the structs, of the field.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the field consists of other numbers, [`Error::WrongSize`] if there are
    /// more or fewer of `new`, counted in bytes; and as [`hold`](Self::hold).
    ///
    /// # Blocking
    ///
    /// As [`hold`](Self::hold).
    pub fn update_with<E: Element<Scalar = E>>(
        &self,
        new: &[E],
        wait: Wait,
        mut f: impl FnMut(E, E) -> E,
    ) -> Result<Version, Error> {
        self.check_whole(size_of_val(new))?;
        self.update_blocks::<E>(wait, |range, block| {
            for (value, new) in block.iter_mut().zip(&new[range]) {
                *value = f(*new, *value);
            }
        })
    }

    /// Read-modify-write block by block: `f` gets some neighbouring numbers in private memory, and which
    /// they are, counted in C order. Each number is in one block, and blocks come in order. Nothing is
    /// allocated. If `f` panics, nothing is published.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the field consists of other numbers; and as [`hold`](Self::hold).
    ///
    /// # Blocking
    ///
    /// As [`hold`](Self::hold).
    pub fn update_blocks<E: Element<Scalar = E>>(
        &self,
        wait: Wait,
        f: impl FnMut(Range<usize>, &mut [E]),
    ) -> Result<Version, Error> {
        self.check_writable()?;
        self.check_ordinary()?;
        let scalar = self.manifest().ty.scalar();
        if scalar != E::TYPE {
            let (expected, found) = (E::TYPE.to_string(), scalar.to_string());
            return Err(Error::WrongType { place: self.partition().place(), expected, found });
        }
        let run = || -> Result<u64, AcquireError> {
            let guard = self.partition().acquire(wait.into())?;
            let (active, publication) = (guard.active(), guard.begin(Change::Whole));
            let len = self.size() / size_of::<E>();
            // After the closure, which may have forked.
            scratch::in_blocks(active, publication.slot, len, f, || guard.check_fork())?;
            Ok(guard.publish(publication)?)
        };
        run().map(Version::new).map_err(|error| self.partition().explain(error))
    }

    /// Which number the field consists of; `None` for structs.
    pub fn number(&self) -> Option<Number> {
        self.manifest().ty.scalar().number()
    }
}
