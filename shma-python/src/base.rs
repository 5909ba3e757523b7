//! A field as an object; what it does is in the files above.

use std::sync::{Arc, Mutex};

use numpy::PyUntypedArray;
use numpy::npyffi::npy_intp;
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;

use crate::array::Layout;
use crate::core::{Core, Shared, Used};

/// The two arrays of an update that is over.
#[derive(Debug)]
pub(crate) struct Spare {
    pub(crate) new: Py<PyUntypedArray>,
    pub(crate) old: Py<PyUntypedArray>,
}

/// One field of a state.
#[pyclass(frozen, subclass, weakref, module = "shma._shma")]
#[derive(Debug)]
pub struct FieldBase {
    /// The handle by which a fork and the end of the process find the attachment.
    pub(crate) core: Py<Core>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) layout: Layout,
    pub(crate) atomic: bool,
    pub(crate) spare: Mutex<Option<Spare>>,
}

impl FieldBase {
    pub(crate) fn used(&self) -> PyResult<Used> {
        self.shared.field(self.index)
    }

    /// For messages.
    pub(crate) fn place(&self) -> String {
        format!("field `{}` of region `{}`", self.name, self.shared.name)
    }

    /// # Errors
    ///
    /// `TypeError` for an atomic field.
    pub(crate) fn check_ordinary(&self, call: &str) -> PyResult<()> {
        if !self.atomic {
            return Ok(());
        }
        Err(PyTypeError::new_err(format!(
            "{} is atomic and has no semaphore, so it has no `{call}`: use `fetch_add`, `add` or `write`",
            self.place()
        )))
    }

    /// Where these rows lie in the value, in bytes, and the shape of an array of them.
    pub(crate) fn rows(
        &self,
        first: usize,
        rows: usize,
    ) -> PyResult<(usize, usize, Vec<npy_intp>)> {
        let [len, inner @ ..] = &self.layout.shape[..] else {
            return Err(PyIndexError::new_err(format!("{} is a number", self.place())));
        };
        let len = len.unsigned_abs();
        if first > len || rows > len - first {
            return Err(PyIndexError::new_err(format!("{} has {len} rows", self.place())));
        }
        let row = self.layout.bytes / len;
        let mut shape = vec![rows.cast_signed()];
        shape.extend_from_slice(inner);
        Ok((first * row, rows * row, shape))
    }
}
