//! The numbers of atomic fields.

use super::field::Field;
use crate::error::Error;
use crate::field::cells::Cells;
use crate::manifest::Number;
use crate::manifest::element::AtomicNumber;

/// What [`Field::fetch`] does with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fetch {
    /// Adds; integers wrap.
    Add,
    /// Subtracts; integers wrap.
    Sub,
    /// Keeps the larger one; a NaN loses against a number.
    Max,
    /// Keeps the smaller one; a NaN loses against a number.
    Min,
    /// Replaces it.
    Swap,
}

/// Runs a call that is generic in the number of an atomic field.
macro_rules! on_number {
    ($field:expr, $S:ident => $call:expr) => {
        match $field.number() {
            Some(Number::U32) => {
                type $S = u32;
                $call
            }
            Some(Number::U64) => {
                type $S = u64;
                $call
            }
            Some(Number::I32) => {
                type $S = i32;
                $call
            }
            Some(Number::I64) => {
                type $S = i64;
                $call
            }
            Some(Number::F32) => {
                type $S = f32;
                $call
            }
            Some(Number::F64) => {
                type $S = f64;
                $call
            }
            // Declarations have no others, and neither have manifests that were read.
            _ => Err($field.wrong(NOT_ATOMIC)),
        }
    };
}

const NOT_ATOMIC: &str = "its numbers are no atomics: read, write and update the field";

impl Field {
    /// How many numbers an atomic field has.
    fn count<S>(&self) -> usize {
        self.size() / size_of::<S>()
    }

    /// The numbers, if the field is atomic, this is one of them, and a value is this long.
    fn cells<S: AtomicNumber>(&self, index: usize, value: usize) -> Result<Cells<'_, S>, Error> {
        if !self.is_atomic() {
            return Err(self.wrong(NOT_ATOMIC));
        }
        if index >= self.count::<S>() {
            let end = index.saturating_add(1);
            return Err(self.out_of_range("numbers", index, end, self.count::<S>()));
        }
        if value != size_of::<S>() {
            return Err(self.wrong_size(size_of::<S>(), value));
        }
        Ok(Cells::new(self.partition().slots().slot(0), self.count::<S>()))
    }

    fn check_store(&self) -> Result<(), Error> {
        self.check_writable()?;
        self.partition().check_fork().map_err(|forked| self.partition().explain(forked))
    }

    /// Copies a number of an atomic field, counted in C order.
    ///
    /// # Errors
    ///
    /// [`Error::WrongField`] if the field is not atomic, [`Error::OutOfRange`], [`Error::WrongSize`].
    pub fn load_number(&self, index: usize, into: &mut [u8]) -> Result<(), Error> {
        on_number!(self, S => {
            let number = self.cells::<S>(index, into.len())?.load(index);
            into.copy_from_slice(bytemuck::bytes_of(&number));
            Ok(())
        })
    }

    /// Replaces a number of an atomic field.
    ///
    /// # Errors
    ///
    /// As [`load_number`](Self::load_number); [`Error::ReadOnly`], [`Error::Forked`].
    pub fn store_number(&self, index: usize, value: &[u8]) -> Result<(), Error> {
        on_number!(self, S => {
            let cells = self.cells::<S>(index, value.len())?;
            self.check_store()?;
            let _count = self.partition().count_call();
            cells.store(index, bytemuck::pod_read_unaligned(value));
            Ok(())
        })
    }

    /// Changes a number of an atomic field in one step, and gives what was before, if `before` is not
    /// empty.
    ///
    /// # Errors
    ///
    /// As [`store_number`](Self::store_number).
    pub fn fetch(
        &self,
        what: Fetch,
        index: usize,
        value: &[u8],
        before: &mut [u8],
    ) -> Result<(), Error> {
        on_number!(self, S => {
            let cells = self.cells::<S>(index, value.len())?;
            if !before.is_empty() {
                self.cells::<S>(index, before.len())?;
            }
            self.check_store()?;
            let value: S = bytemuck::pod_read_unaligned(value);
            let count = self.partition().count_call();
            let old = match what {
                Fetch::Add => cells.add(index, value),
                Fetch::Sub => cells.subtract(index, value),
                Fetch::Max => cells.change(index, |old| larger(old, value)),
                Fetch::Min => cells.change(index, |old| smaller(old, value)),
                Fetch::Swap => cells.swap(index, value),
            };
            drop(count);
            if !before.is_empty() {
                before.copy_from_slice(bytemuck::bytes_of(&old));
            }
            Ok(())
        })
    }

    /// Replaces a number of an atomic field if its bits are those of `current`. Returns whether they
    /// were, and gives what was before.
    ///
    /// # Errors
    ///
    /// As [`store_number`](Self::store_number).
    pub fn compare_exchange(
        &self,
        index: usize,
        current: &[u8],
        new: &[u8],
        before: &mut [u8],
    ) -> Result<bool, Error> {
        on_number!(self, S => {
            let cells = self.cells::<S>(index, current.len())?;
            self.cells::<S>(index, new.len())?;
            self.cells::<S>(index, before.len())?;
            self.check_store()?;
            let read = |bytes: &[u8]| bytemuck::pod_read_unaligned::<S>(bytes);
            let exchanged = cells.compare_exchange(index, read(current), read(new));
            // As typed handles do: a failed one is no call that writes.
            if exchanged.is_ok() {
                drop(self.partition().count_call());
            }
            let (Ok(old) | Err(old)) = exchanged;
            before.copy_from_slice(bytemuck::bytes_of(&old));
            Ok(exchanged.is_ok())
        })
    }

    /// Adds to each number of an atomic field the one at its place in C order, each by itself. It counts
    /// as one call.
    ///
    /// # Errors
    ///
    /// As [`store_number`](Self::store_number).
    pub fn add_numbers(&self, values: &[u8]) -> Result<(), Error> {
        on_number!(self, S => {
            let cells = self.cells::<S>(0, size_of::<S>())?;
            self.check_whole(values.len())?;
            self.check_store()?;
            let _count = self.partition().count_call();
            for (index, value) in values.chunks_exact(size_of::<S>()).enumerate() {
                cells.add(index, bytemuck::pod_read_unaligned(value));
            }
            Ok(())
        })
    }
}

fn larger<S: AtomicNumber>(old: S, value: S) -> S {
    old.larger(value)
}

fn smaller<S: AtomicNumber>(old: S, value: S) -> S {
    old.smaller(value)
}
