//! Several fields as they stood at one instant.

use pyo3::prelude::*;
use shma_core::untyped::{Field, State, Wait};
use shma_core::{Error, Version};

use crate::array::Fresh;
use crate::base::FieldBase;
use crate::core::Core;
use crate::errors::raise;
use crate::limit::Limit;
use crate::seconds::SLICE;

/// A field of the state and memory for its value.
struct Part<'a> {
    index: usize,
    bytes: &'a mut [u8],
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
    let fresh: PyResult<Vec<Fresh<'py>>> =
        fields.iter().map(|field| field.get().layout.fresh(py)).collect();
    let mut fresh = fresh?;
    let parts = fields.iter().zip(&mut fresh);
    let mut parts: Vec<Part<'_>> = parts
        .map(|(field, fresh)| Part { index: field.get().index, bytes: fresh.bytes() })
        .collect();
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
    let values = fields.iter().zip(fresh).zip(versions);
    let value = |((field, fresh), version): ((&Bound<'py, FieldBase>, Fresh<'py>), Version)| {
        Ok((fresh.into_value(&field.get().layout)?, version.into()))
    };
    values.map(value).collect()
}

/// Tries for this time. If the caller has set no limit, writers are then held up for one copy.
fn attempt(
    state: &State,
    parts: &mut [Part<'_>],
    slice: std::time::Duration,
    limit: Limit,
) -> Result<Vec<Version>, Error> {
    let fields = state.fields();
    let mut places: Vec<(&Field, &mut [u8])> = parts
        .iter_mut()
        .filter_map(|part| Some((fields.get(part.index)?, &mut *part.bytes)))
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
