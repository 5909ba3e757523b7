//! A file that is read.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, OFlags};
use safetensors::tensor::TensorInfo;
use serde_json::Value;

use super::header::{Header, PREFIX};
use super::tensor::Form;
use crate::error::Error;
use crate::manifest::{FORMAT, OwnedManifest};
use crate::os;

/// The key of the region's text in a file's metadata.
pub(super) const MANIFEST: &str = "shma.manifest";

/// The key of the versions.
pub(super) const VERSIONS: &str = "shma.versions";

/// A `.safetensors` file, written by [`Shm::checkpoint`](crate::Shm::checkpoint) or by another program. Its
/// header has been read and validated, its values are read when they are asked for.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    file: File,
    manifest: Option<OwnedManifest>,
    versions: Value,
    tensors: Vec<(String, TensorInfo)>,
    /// Where each name is in `tensors`.
    places: HashMap<String, usize>,
    /// Where the values begin in the file.
    data_at: u64,
}

/// A value in a [`Checkpoint`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tensor<'a> {
    /// Its name.
    pub name: &'a str,
    /// The type of its numbers as the format names it, such as `F32`.
    pub dtype: String,
    /// The lengths of its dimensions, outermost first.
    pub shape: &'a [usize],
    /// How many bytes it has.
    pub bytes: usize,
    /// The publication that it is of, if the file says that.
    pub version: Option<u64>,
}

impl Checkpoint {
    /// Opens a file, and reads and validates what it says of its values.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if a system call fails; [`Error::NotACheckpoint`], which says what is wrong.
    ///
    /// # Blocking
    ///
    /// Reads the header of the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let fail = |call| move |error| Error::File { path: path.to_owned(), call, source: error };
        // Without `NONBLOCK` the opening of a FIFO would wait for its writer.
        let file = os::open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY);
        let file = file.map_err(|errno| fail("open")(errno.into()))?;
        let stat = rustix::fs::fstat(&file).map_err(|errno| fail("fstat")(errno.into()))?;
        let wrong = |reason: String| Error::NotACheckpoint { path: path.to_owned(), reason };
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(wrong("it is no regular file".into()));
        }
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        let mut prefix = [0; PREFIX];
        if size < PREFIX as u64 {
            return Err(wrong(format!(
                "it has {size} bytes, and such a file begins with {PREFIX}"
            )));
        }
        file.read_exact_at(&mut prefix, 0).map_err(fail("read"))?;
        let mut text = vec![0; Header::text_len(prefix, size).map_err(wrong)?];
        file.read_exact_at(&mut text, PREFIX as u64).map_err(fail("read"))?;
        let data_at = (PREFIX + text.len()) as u64;
        let header = Header::of_text(&text, size - data_at).map_err(wrong)?;
        let text = |key| header.texts.get(key).map(String::as_str);
        let manifest = text(MANIFEST).map(manifest).transpose().map_err(wrong)?.flatten();
        let versions = text(VERSIONS).map(versions).transpose().map_err(wrong)?;
        let names = header.tensors.iter().map(|(name, _)| name.clone());
        let places: HashMap<String, usize> = names.zip(0..).collect();
        if let Some(manifest) = &manifest {
            check(manifest, &header.tensors, &places).map_err(wrong)?;
        }
        let (path, versions) = (path.to_owned(), versions.unwrap_or_default());
        Ok(Self { path, file, manifest, versions, tensors: header.tensors, places, data_at })
    }

    /// Its path, as it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The manifest of the region that was saved; `None` for a file of another program, or of another
    /// version of the library.
    pub fn manifest(&self) -> Option<&OwnedManifest> {
        self.manifest.as_ref()
    }

    /// The values, in their order in the file.
    pub fn tensors(&self) -> impl ExactSizeIterator<Item = Tensor<'_>> {
        self.tensors.iter().map(|(name, info)| Tensor {
            name,
            dtype: info.dtype.to_string(),
            shape: &info.shape,
            bytes: info.data_offsets.1 - info.data_offsets.0,
            version: self.versions[name].as_u64(),
        })
    }

    /// Reads bytes of the value number `index`, from its byte `first` on, in C order.
    ///
    /// # Errors
    ///
    /// [`Error::File`], also if the file has become shorter.
    ///
    /// # Panics
    ///
    /// If there is no such value, or it has no such bytes.
    pub fn read(&self, index: usize, first: usize, into: &mut [u8]) -> Result<(), Error> {
        let (begin, end) = self.tensors[index].1.data_offsets;
        assert!(first <= end - begin && into.len() <= end - begin - first, "bytes of the value");
        let at = self.data_at + (begin + first) as u64;
        let read = self.file.read_exact_at(into, at);
        read.map_err(|source| Error::File { path: self.path.clone(), call: "read", source })
    }

    /// Where the value of this name is in the order of the file.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// How the value number `index` stands in the file.
    pub(super) fn form(&self, index: usize) -> Form {
        form(&self.tensors[index].1)
    }
}

fn form(info: &TensorInfo) -> Form {
    Form { dtype: info.dtype, shape: info.shape.clone() }
}

/// The manifest in a file's metadata; `None` if another version of the library has written it.
fn manifest(text: &str) -> Result<Option<OwnedManifest>, String> {
    // What its text says of places has no meaning here, and the tensors say the rest.
    let format = serde_json::from_str::<Value>(text).ok().and_then(|it| it["format"].as_u64());
    if format.is_some_and(|format| format != u64::from(FORMAT)) {
        return Ok(None);
    }
    OwnedManifest::of_text(text.as_bytes()).map(Some)
}

fn versions(text: &str) -> Result<Value, String> {
    let is_count = |all: &serde_json::Map<String, Value>| all.values().all(Value::is_u64);
    let value = serde_json::from_str::<Value>(text).ok();
    let value = value.filter(|value| value.as_object().is_some_and(is_count));
    value.ok_or_else(|| format!("its `{VERSIONS}` is no object of versions"))
}

/// The tensors are those of the manifest.
fn check(
    manifest: &OwnedManifest,
    tensors: &[(String, TensorInfo)],
    places: &HashMap<String, usize>,
) -> Result<(), String> {
    let fields = manifest.get().fields;
    let contradiction = |what: String| format!("its manifest contradicts its tensors: {what}");
    for field in fields {
        let name = field.name;
        let Some(&place) = places.get(name) else {
            return Err(contradiction(format!("there is no tensor `{name}`")));
        };
        let (found, expected) = (form(&tensors[place].1), Form::of(field.ty));
        if found != expected {
            let ty = field.ty;
            let what = format!("`{name}` is {found}, and as a {ty} it is {expected}");
            return Err(contradiction(what));
        }
    }
    // Each name stands once in both.
    if tensors.len() != fields.len() {
        let what = format!("it has {} fields, and there are {}", fields.len(), tensors.len());
        return Err(contradiction(what));
    }
    Ok(())
}
