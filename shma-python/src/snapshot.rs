//! Several fields as they stood at one instant.
//!
//! `unsafe` here: memory of arrays.

use numpy::PyUntypedArray;
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use shma_core::untyped::{Field, State, Wait};
use shma_core::{Error, Version};

use crate::array::{memory, scalar};
use crate::base::FieldBase;
use crate::core::Core;
use crate::errors::raise;
use crate::limit::Limit;
use crate::seconds::SLICE;

/// A field of the state and memory for its value.
struct Part {
    index: usize,
    bytes: Vec<u8>,
}

/// The values of these fields, as they stood at one instant, and the publications that they are of.
#[pyfunction]
#[pyo3(signature = (core, fields, timeout))]
pub fn snapshot<'py>(
    py: Python<'py>,
    core: &Bound<'py, Core>,
    fields: Vec<Bound<'py, FieldBase>>,
    timeout: Option<&Bound<'py, PyAny>>,
) -> PyResult<Vec<(Bound<'py, PyAny>, u64)>> {
    let (limit, shared) = (Limit::of(timeout)?, &core.get().shared);
    let (state, _using) = shared.state()?;
    let mut parts = Vec::with_capacity(fields.len());
    for field in &fields {
        let field = field.get();
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(field.layout.bytes).map_err(|_| PyMemoryError::new_err(()))?;
        bytes.resize(field.layout.bytes, 0);
        parts.push(Part { index: field.index, bytes });
    }
    let versions = loop {
        let slice = limit.slice();
        match py.detach(|| attempt(&state, &mut parts, slice, limit)) {
            Err(error @ Error::Contended { .. }) => {
                py.check_signals()?;
                shared.check_open()?;
                if limit.is_over() {
                    return Err(raise(py, &error));
                }
            }
            Err(error) => return Err(shared.raise(py, &error)),
            Ok(versions) => break versions,
        }
    };
    let values = fields.iter().zip(parts).zip(versions);
    values.map(|((field, part), version)| value(py, field.get(), part, version)).collect()
}

/// The value of one field as an array of its own.
fn value<'py>(
    py: Python<'py>,
    field: &FieldBase,
    part: Part,
    version: Version,
) -> PyResult<(Bound<'py, PyAny>, u64)> {
    let array: Bound<'py, PyUntypedArray> = field.layout.empty(py)?;
    let into = memory(&array, field.layout.bytes);
    // SAFETY: the array is new, and has as many bytes.
    unsafe { into.at().copy_from_nonoverlapping(part.bytes.as_ptr(), part.bytes.len()) };
    let value = if field.layout.is_number() { scalar(array)? } else { array.into_any() };
    Ok((value, version.into()))
}

/// Tries for this time. If the caller has set no limit, writers are then held up for one copy.
fn attempt(
    state: &State,
    parts: &mut [Part],
    slice: std::time::Duration,
    limit: Limit,
) -> Result<Vec<Version>, Error> {
    let fields = state.fields();
    let mut places: Vec<(&Field, &mut [u8])> = parts
        .iter_mut()
        .filter_map(|part| Some((fields.get(part.index)?, &mut part.bytes[..])))
        .collect();
    match state.snapshot_timeout(&mut places, slice) {
        Err(error @ Error::Contended { .. }) if matches!(limit, Limit::Forever) => {
            let Ok(transaction) = state.begin(Wait::AtMost(SLICE)) else { return Err(error) };
            let load = |(field, bytes): &mut (&Field, &mut [u8])| match field.is_atomic() {
                true => field.read(bytes),
                false => transaction.load(field, bytes),
            };
            places.iter_mut().map(load).collect()
        }
        taken => taken,
    }
}
