//! `with field.writing() as w`.
//!
//! `unsafe` here: memory of arrays.

use std::sync::{Arc, Mutex, PoisonError};

use numpy::npyffi::npy_intp;
use numpy::{PyArrayDescr, PyUntypedArray};
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use shma_core::untyped::Held;

use crate::array::{copying, exact, memory, new_array, set_writeable};
use crate::base::FieldBase;
use crate::core::{Core, Shared, Using};
use crate::limit::{Limit, acquire};

/// A block that has a field, or a part of it, to itself.
#[pyclass(frozen, weakref, module = "shma._shma")]
#[derive(Debug)]
pub struct Writing {
    /// As that of a field.
    _core: Py<Core>,
    shared: Arc<Shared>,
    index: usize,
    place: String,
    descr: Py<PyArrayDescr>,
    /// Bytes of the value that the part begins at, and its bytes.
    first: usize,
    bytes: usize,
    shape: Vec<npy_intp>,
    timeout: Option<Py<PyAny>>,
    entered: Mutex<Option<Entered>>,
}

/// Inside of the block. Dropped, it gives the semaphore back.
#[derive(Debug)]
struct Entered {
    held: Held,
    array: Py<PyUntypedArray>,
    _using: Using,
}

impl Writing {
    fn entered(&self) -> std::sync::MutexGuard<'_, Option<Entered>> {
        self.entered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Writing {
    /// `rows` is the first row, how many there are, and whether the array has them as a dimension.
    #[new]
    #[pyo3(signature = (field, rows, timeout))]
    fn new(
        py: Python<'_>,
        field: &Bound<'_, FieldBase>,
        rows: Option<(usize, usize, bool)>,
        timeout: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let field = field.get();
        field.check_ordinary("writing")?;
        field.shared.check_open()?;
        let (first, bytes, shape) = match rows {
            None => (0, field.layout.bytes, field.layout.shape.clone()),
            Some((first, rows, keeps)) => {
                let (first, bytes, mut shape) = field.rows(first, rows)?;
                if !keeps {
                    shape.remove(0);
                }
                (first, bytes, shape)
            }
        };
        Ok(Self {
            _core: field.core.clone_ref(py),
            shared: Arc::clone(&field.shared),
            index: field.index,
            place: field.place(),
            descr: field.layout.descr.clone_ref(py),
            first,
            bytes,
            shape,
            timeout,
            entered: Mutex::new(None),
        })
    }

    /// Acquires the semaphore; the array is a writable private copy of the value, or of these rows.
    ///
    /// Raises WouldBlock, Timeout, Reentrant, ReadOnly; ValueError after `close`.
    fn __enter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyUntypedArray>> {
        if self.entered().is_some() {
            return Err(PyRuntimeError::new_err(format!(
                "{}: this block has been entered already",
                self.place
            )));
        }
        let limit = Limit::of(self.timeout.as_ref().map(|timeout| timeout.bind(py)))?;
        let used = self.shared.field(self.index)?;
        let array = new_array(py, &self.descr, &self.shape)?;
        let into = memory(&array, self.bytes);
        let held = acquire(py, &self.shared, limit, false, |wait| used.field.hold(wait))?;
        let loaded = copying(py, self.bytes, || {
            // SAFETY: the array is kept.
            unsafe { held.load_part_raw(self.first, into.at(), into.len()) }
        });
        loaded.map_err(|error| self.shared.raise(py, &error))?;
        let entered = Entered { held, array: array.clone().unbind(), _using: self.shared.using() };
        // Another thread may have entered the same object meanwhile.
        let other = self.entered().replace(entered);
        drop(other);
        Ok(array)
    }

    /// Publishes the array, unless an exception passes through, and releases the semaphore.
    ///
    /// Raises TypeError for an array of another shape or dtype by now, Forked in a child that was forked
    /// in the block.
    #[pyo3(signature = (*exception))]
    fn __exit__(&self, py: Python<'_>, exception: &Bound<'_, PyTuple>) -> PyResult<bool> {
        let entered = self.entered().take();
        let Some(Entered { held, array, _using }) = entered else {
            return Err(PyRuntimeError::new_err(format!("{}: this block has ended", self.place)));
        };
        let array = array.bind(py);
        set_writeable(array, false);
        if exception.get_item(0).is_ok_and(|kind| !kind.is_none()) {
            return Ok(false);
        }
        self.shared.check_open()?;
        let from = exact(array.as_any(), &self.descr, &self.shape, self.bytes).ok_or_else(|| {
            PyTypeError::new_err(format!(
                "{}: the block has given its array another shape or dtype, so nothing is published",
                self.place
            ))
        })?;
        let published = copying(py, self.bytes, || {
            // SAFETY: the array is kept.
            unsafe { held.publish_part_raw(self.first, from.at(), from.len()) }
        });
        published.map_err(|error| self.shared.raise(py, &error))?;
        Ok(false)
    }
}
