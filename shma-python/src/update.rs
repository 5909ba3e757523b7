//! Exclusive read-modify-write by a function of the caller's.
//!
//! `unsafe` here: memory of arrays.

use std::sync::PoisonError;

use numpy::PyUntypedArray;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use shma_core::untyped::Held;

use crate::array::{Memory, copying, is_unshared, memory, scalar, set_writeable};
use crate::base::{FieldBase, Spare};
use crate::core::Used;
use crate::limit::{Limit, acquire};

/// Arrays of more bytes are not kept.
const MOST_KEPT: usize = 64 << 20;

/// The arrays of an update.
struct Pair<'py> {
    new: Bound<'py, PyUntypedArray>,
    old: Bound<'py, PyUntypedArray>,
}

impl<'py> Pair<'py> {
    /// Two arrays of the field, those of an earlier update if it has left them.
    fn of(field: &FieldBase, py: Python<'py>) -> PyResult<Self> {
        let spare = field.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Spare { new, old }) = spare {
            return Ok(Self { new: new.into_bound(py), old: old.into_bound(py) });
        }
        Ok(Self { new: field.layout.empty(py)?, old: field.layout.empty(py)? })
    }

    /// Keeps the arrays for the next update, unless the function has references to them.
    fn keep(self, field: &FieldBase) {
        let bytes = field.layout.bytes;
        let whole = |array: &Bound<'py, PyUntypedArray>| {
            is_unshared(array) && field.layout.exact(array.as_any()).is_some()
        };
        if bytes > MOST_KEPT || !whole(&self.new) || !whole(&self.old) {
            return;
        }
        set_writeable(&self.new, true);
        let spare = Spare { new: self.new.unbind(), old: self.old.unbind() };
        let before = field.spare.lock().unwrap_or_else(PoisonError::into_inner).replace(spare);
        drop(before);
    }
}

/// See [`FieldBase::update`].
pub(crate) fn update(
    field: &FieldBase,
    py: Python<'_>,
    f: &Bound<'_, PyAny>,
    limit: Limit,
) -> PyResult<u64> {
    field.check_ordinary("update")?;
    let used = field.used()?;
    // Before the semaphore, so that it is not held meanwhile.
    let pair = Pair::of(field, py)?;
    let held = hold(field, py, &used, limit)?;
    let bytes = field.layout.bytes;
    let (new, old) = (memory(&pair.new, bytes), memory(&pair.old, bytes));
    load(field, py, &held, old)?;
    copying(py, bytes, || copy(old, new));
    set_writeable(&pair.old, false);
    if field.layout.is_number() {
        let Pair { new, old } = pair;
        let returned = f.call1((&new, scalar(old)?))?;
        return settle(field, py, held, &new, returned);
    }
    let returned = f.call1((&pair.new, &pair.old))?;
    let version = settle(field, py, held, &pair.new, returned)?;
    pair.keep(field);
    Ok(version)
}

/// Publishes what the function has left in `new`, or has returned.
fn settle(
    field: &FieldBase,
    py: Python<'_>,
    held: Held,
    new: &Bound<'_, PyUntypedArray>,
    returned: Bound<'_, PyAny>,
) -> PyResult<u64> {
    if !returned.is_none() && !returned.is(new) {
        let (_array, from) = field.layout.fit_returned(&returned, &field.place())?;
        return publish(field, py, held, from);
    }
    let from = field.layout.exact(new.as_any()).ok_or_else(|| {
        PyTypeError::new_err(format!(
            "{}: the function has given `new` another shape or dtype, so nothing is published",
            field.place()
        ))
    })?;
    publish(field, py, held, from)
}

/// See [`FieldBase::update_with`].
pub(crate) fn update_with<'py>(
    field: &FieldBase,
    py: Python<'py>,
    new: &Bound<'py, PyAny>,
    f: &Bound<'py, PyAny>,
    limit: Limit,
) -> PyResult<Bound<'py, PyAny>> {
    field.check_ordinary("update_with")?;
    let used = field.used()?;
    let old = field.layout.empty(py)?;
    let held = hold(field, py, &used, limit)?;
    load(field, py, &held, memory(&old, field.layout.bytes))?;
    set_writeable(&old, false);
    let old = if field.layout.is_number() { scalar(old)? } else { old.into_any() };
    let returned = f.call1((new, &old))?;
    let (fitted, from) = field.layout.fit_returned(&returned, &field.place())?;
    // An array that others have, too, may change after this call.
    let own = fitted.cast::<PyUntypedArray>().is_ok_and(|array| {
        !fitted.is(new) && !fitted.is(&old) && {
            use numpy::PyUntypedArrayMethods;
            let object = array.as_array_ptr();
            // SAFETY: a live array.
            let base = unsafe { (*object).fields.base };
            base.is_null()
        }
    });
    if own {
        publish(field, py, held, from)?;
        return Ok(fitted);
    }
    let result = field.layout.empty(py)?;
    let into = memory(&result, field.layout.bytes);
    copying(py, from.len(), || copy(from, into));
    publish(field, py, held, into)?;
    Ok(result.into_any())
}

fn hold(field: &FieldBase, py: Python<'_>, used: &Used, limit: Limit) -> PyResult<Held> {
    acquire(py, &field.shared, limit, false, |wait| used.field.hold(wait))
}

/// Copies the value that cannot change any more.
fn load(field: &FieldBase, py: Python<'_>, held: &Held, into: Memory) -> PyResult<()> {
    let loaded = copying(py, into.len(), || {
        // SAFETY: the caller keeps the array.
        unsafe { held.load_part_raw(0, into.at(), into.len()) }
    });
    loaded.map_err(|error| field.shared.raise(py, &error))?;
    Ok(())
}

fn publish(field: &FieldBase, py: Python<'_>, held: Held, from: Memory) -> PyResult<u64> {
    field.shared.check_open()?;
    let published = copying(py, from.len(), || {
        // SAFETY: the caller keeps the array.
        unsafe { held.publish_part_raw(0, from.at(), from.len()) }
    });
    published.map(u64::from).map_err(|error| field.shared.raise(py, &error))
}

/// Copies from one array to another of the same length.
fn copy(from: Memory, into: Memory) {
    // SAFETY: the callers keep both arrays, of which one is new; they have as many bytes.
    unsafe { from.at().copy_to(into.at(), from.len().min(into.len())) };
}
