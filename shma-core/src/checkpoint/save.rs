//! Writes all fields of one instant to a file.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::TensorInfo;
use serde_json::{Map, Value};

use super::header::{Header, METADATA};
use super::replacement::Replacement;
use super::saved::{MANIFEST, VERSIONS};
use super::tensor::Form;
use crate::error::Error;
use crate::manifest::{Manifest, Notes};

/// The value of a field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) bytes: &'a [u8],
    /// The publication that it is of.
    pub(crate) version: u64,
}

/// Writes the values of all fields, in the order of the manifest, to a file of this name.
///
/// The file appears complete or not at all: until then a file that has the name stays as it is.
pub(crate) fn save(
    path: &Path,
    region: &str,
    manifest: &Manifest<'_>,
    notes: &Notes,
    values: &[Content<'_>],
) -> Result<(), Error> {
    if cfg!(target_endian = "big") {
        return Err(undeclarable(
            manifest,
            None,
            "the format is little-endian, and this machine is not",
        ));
    }
    let order = order(manifest);
    let header = header(manifest, notes, values, &order)?;
    let total = header.len() + values.iter().map(|value| value.bytes.len()).sum::<usize>();
    let mut file = Replacement::create(path, region, total as u64)?;
    file.write(&header)?;
    for index in order {
        file.write(values[index].bytes)?;
    }
    file.finish()
}

/// The fields in the order of their values in the file: those of the widest numbers first, so that each
/// lies at a multiple of its numbers' size.
fn order(manifest: &Manifest<'_>) -> Vec<usize> {
    let width = |index: &usize| Form::of(manifest.fields[*index].ty).dtype.bitsize();
    let mut order: Vec<usize> = (0..manifest.fields.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(width(index)));
    order
}

fn header(
    manifest: &Manifest<'_>,
    notes: &Notes,
    values: &[Content<'_>],
    order: &[usize],
) -> Result<Vec<u8>, Error> {
    let text = manifest.text_with(notes).map_err(|reason| undeclarable(manifest, None, &reason))?;
    let mut tensors = Vec::with_capacity(order.len());
    let mut versions = Map::new();
    let mut end = 0;
    for &index in order {
        let (field, Content { bytes, version }) = (&manifest.fields[index], values[index]);
        if field.name == METADATA {
            let reason = "a .safetensors file keeps this name for itself; declare another one \
                          (`#[shm(name = \"..\")]` on the field)";
            return Err(undeclarable(manifest, Some(field.name), reason));
        }
        let Form { dtype, shape } = Form::of(field.ty);
        let data_offsets = (end, end + bytes.len());
        end = data_offsets.1;
        tensors.push((field.name.to_owned(), TensorInfo { dtype, shape, data_offsets }));
        versions.insert(field.name.to_owned(), version.into());
    }
    let texts = [(MANIFEST, text), (VERSIONS, Value::Object(versions).to_string())];
    let texts = texts.map(|(key, text)| (key.to_owned(), text));
    let header = Header { texts: BTreeMap::from(texts), tensors };
    header.to_bytes().map_err(|reason| undeclarable(manifest, None, &reason))
}

fn undeclarable(manifest: &Manifest<'_>, field: Option<&str>, reason: &str) -> Error {
    Error::Declaration {
        state: manifest.name.to_owned().into(),
        field: field.map(|field| field.to_owned().into()),
        reason: reason.to_owned().into(),
    }
}
