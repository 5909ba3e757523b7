//! What a checkpoint holds.

use std::collections::HashMap;
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyTuple};
use shma_core::Error;
use shma_core::inspect::Checkpoint;
use shma_core::untyped::{Declaration, Type};

use crate::errors::raise;
use crate::types::describe;

/// A field of a checkpoint: name, type, slots, timed, atomic, publication, bytes of the value.
type Saved<'py> =
    (String, Bound<'py, PyTuple>, usize, bool, bool, Option<u64>, Bound<'py, PyByteArray>);

/// The declared name of the state that a file is of, and its fields.
#[pyfunction]
pub fn load(py: Python<'_>, path: PathBuf) -> PyResult<(String, Vec<Saved<'_>>)> {
    let refuse = |error: Error| raise(py, &error);
    let opened = py.detach(|| {
        let saved = Checkpoint::open(path)?;
        let declaration = Declaration::load_from(&saved)?;
        let manifest = declaration.manifest()?;
        Ok((saved, declaration, manifest))
    });
    let (saved, declaration, manifest) = opened.map_err(refuse)?;
    let versions: HashMap<_, _> =
        saved.tensors().map(|tensor| (tensor.name.to_owned(), tensor.version)).collect();
    let mut fields = Vec::new();
    for field in manifest.get().fields {
        let ty = describe(py, &Type::of(field.ty).map_err(refuse)?)?;
        let bytes = declaration.initial_value(field.name).unwrap_or_default();
        let bytes = PyByteArray::new_with(py, bytes.len(), |memory| {
            memory.copy_from_slice(bytes);
            Ok(())
        })?;
        let version = versions.get(field.name).copied().flatten();
        fields.push((
            field.name.to_owned(),
            ty,
            field.slots,
            field.timed,
            field.atomic,
            version,
            bytes,
        ));
    }
    Ok((declaration.name().to_owned(), fields))
}
