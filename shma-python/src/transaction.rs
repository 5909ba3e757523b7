//! Several fields as one.
//!
//! `unsafe` here: memory of arrays.

use std::sync::{Arc, Mutex, PoisonError};

use numpy::PyUntypedArray;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use shma_core::untyped;

use crate::array::{copying, set_writeable};
use crate::base::FieldBase;
use crate::core::{Core, Shared, Using};
use crate::limit::{Limit, acquire};

/// The semaphores of all fields. Dropped, it gives them back.
#[pyclass(frozen, module = "shma._shma")]
#[derive(Debug)]
pub struct Begun {
    shared: Arc<Shared>,
    transaction: Mutex<Option<(untyped::Transaction, Using)>>,
}

impl Begun {
    fn take(&self) -> Option<(untyped::Transaction, Using)> {
        self.transaction.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn over(&self) -> PyErr {
        PyRuntimeError::new_err(format!("the transaction of region `{}` is over", self.shared.name))
    }
}

#[pymethods]
impl Begun {
    #[new]
    #[pyo3(signature = (core, timeout))]
    fn new(
        py: Python<'_>,
        core: &Bound<'_, Core>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let shared = Arc::clone(&core.get().shared);
        let limit = Limit::of(timeout)?;
        let (state, using) = shared.state()?;
        let transaction = acquire(py, &shared, limit, false, |wait| state.begin(wait))?;
        Ok(Self { shared, transaction: Mutex::new(Some((transaction, using))) })
    }

    /// A private array with the value of a field.
    fn load<'py>(
        &self,
        py: Python<'py>,
        field: &Bound<'py, FieldBase>,
    ) -> PyResult<Bound<'py, PyUntypedArray>> {
        let layout = &field.get().layout;
        let mut fresh = layout.fresh(py)?;
        // Not put back if the library refuses; then the transaction is dropped.
        let (transaction, using) = self.take().ok_or_else(|| self.over())?;
        let (index, bytes) = (field.get().index, fresh.bytes());
        let loaded = copying(py, bytes.len(), || {
            let field = transaction.state().fields().get(index);
            field.map(|field| transaction.load(field, bytes))
        });
        if let Some(Err(error)) = loaded {
            return Err(self.shared.raise(py, &error));
        }
        let mut kept = self.transaction.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((transaction, using));
        drop(kept);
        Ok(fresh.into_array())
    }

    /// Publishes those of these arrays that have changed, as one.
    fn commit(
        &self,
        py: Python<'_>,
        news: Vec<(Bound<'_, FieldBase>, Bound<'_, PyUntypedArray>)>,
    ) -> PyResult<()> {
        let (transaction, _using) = self.take().ok_or_else(|| self.over())?;
        self.shared.check_open()?;
        let mut values: Vec<(usize, Vec<u8>)> = Vec::with_capacity(news.len());
        for (field, array) in &news {
            set_writeable(array, false);
            let field = field.get();
            let from = field.layout.exact(array.as_any()).ok_or_else(|| {
                PyTypeError::new_err(format!(
                    "{}: the block has given its array another shape or dtype, so nothing is published",
                    field.place()
                ))
            })?;
            // SAFETY: the array is kept.
            values.push((field.index, unsafe { from.to_vec() }?));
        }
        let committed = py.detach(|| {
            let state = transaction.state().clone();
            let fields = state.fields();
            let news: Vec<(&untyped::Field, &[u8])> = values
                .iter()
                .filter_map(|(index, bytes)| Some((fields.get(*index)?, &bytes[..])))
                .collect();
            transaction.commit(&news)
        });
        committed.map_err(|error| self.shared.raise(py, &error))?;
        Ok(())
    }

    /// Publishes nothing.
    fn abandon(&self) {
        drop(self.take());
    }
}
