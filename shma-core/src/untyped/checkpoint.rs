//! Values to a file, and states that a file declares.

use std::path::Path;

use super::buffer::zeroed;
use super::declaration::{Attributes, Declaration};
use super::field::Field;
use super::state::State;
use crate::checkpoint::{Checkpoint, Content, Tensor, save};
use crate::error::Error;
use crate::manifest::{Manifest, Number, Type};

impl State {
    /// As [`Shm::checkpoint`](crate::Shm::checkpoint).
    ///
    /// # Errors
    ///
    /// As [`Shm::checkpoint`](crate::Shm::checkpoint).
    ///
    /// # Blocking
    ///
    /// As [`Shm::checkpoint`](crate::Shm::checkpoint).
    pub fn checkpoint(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let sizes = self.fields().iter().map(|field| field.manifest().size);
        let values: Result<Vec<Vec<u8>>, Error> = sizes.map(|size| value_for(path, size)).collect();
        let mut values = values?;
        let bytes = values.iter_mut().map(Vec::as_mut_slice);
        let mut parts: Vec<(&Field, &mut [u8])> = self.fields().iter().zip(bytes).collect();
        let versions = self.snapshot(&mut parts)?;
        let values = values.iter().zip(versions);
        let values = values.map(|(bytes, version)| Content { bytes, version: version.into() });
        let values: Vec<Content<'_>> = values.collect();
        save(path, self.name(), self.manifest(), self.region().notes(), &values)
    }
}

impl Declaration {
    /// The state that a `.safetensors` file holds, with the values in the file for initial values. A file
    /// of [`checkpoint`](State::checkpoint) says all of the declaration. Of any other one the fields are
    /// the tensors in their order in the file, the declared name is the file's without its ending, and
    /// truth values and numbers that regions do not have are bytes.
    ///
    /// ```
    /// use shma_core::untyped::{self, Attributes, Declaration};
    ///
    /// # let name = format!("doc-untyped-load-{}", std::process::id());
    /// # let file = std::env::temp_dir().join(format!("{name}.safetensors"));
    /// let mut declaration = Declaration::new("Model")?;
    /// declaration.field("layers.0.weight", "[f32; 4]".parse()?, Attributes::new())?;
    /// untyped::options().create(&name, &declaration)?.checkpoint(&file)?;
    ///
    /// let state = untyped::options().create(&name, &Declaration::load(&file)?)?;
    /// assert_eq!(state.fields()[0].manifest().ty, "[f32; 4]");
    /// # std::fs::remove_file(&file).unwrap();
    /// # Ok::<(), shma_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::NotACheckpoint`]; [`Error::Declaration`] for a tensor that can be no field:
    /// by its name, or because it is empty.
    ///
    /// # Blocking
    ///
    /// Reads the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load_from(&Checkpoint::open(path)?)
    }

    /// As [`load`](Self::load), of a file that is open.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    ///
    /// # Blocking
    ///
    /// Reads the file.
    pub fn load_from(saved: &Checkpoint) -> Result<Self, Error> {
        Self::load_only(saved, |_| true)
    }

    /// As [`load_from`](Self::load_from), of the tensors with names that are wanted. The others are not read,
    /// and may be what no field can be.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    ///
    /// # Blocking
    ///
    /// Reads the file.
    pub fn load_only(saved: &Checkpoint, wanted: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let mut declaration = match saved.manifest() {
            Some(manifest) => {
                let Manifest { name, fields, .. } = manifest.get();
                Self::of_fields(name, fields.iter().filter(|field| wanted(field.name)))?
            }
            None => of_tensors(saved, &wanted)?,
        };
        for (index, tensor) in saved.tensors().enumerate().filter(|(_, it)| wanted(it.name)) {
            let mut value = value_for(saved.path(), tensor.bytes)?;
            saved.read(index, 0, &mut value)?;
            declaration.init(tensor.name, value)?;
        }
        Ok(declaration)
    }
}

/// Memory for a value of the file.
fn value_for(path: &Path, size: usize) -> Result<Vec<u8>, Error> {
    let call = "allocating memory for a value of";
    zeroed(size).map_err(|source| Error::File { path: path.to_owned(), call, source })
}

fn of_tensors(saved: &Checkpoint, wanted: &impl Fn(&str) -> bool) -> Result<Declaration, Error> {
    let stem = saved.path().file_stem().unwrap_or_default().to_string_lossy();
    let name: String = stem.chars().filter(|c| !c.is_control()).collect();
    let mut declaration = Declaration::new(name)?;
    for tensor in saved.tensors().filter(|tensor| wanted(tensor.name)) {
        let ty = type_of(&tensor).map_err(|error| match error {
            Error::Declaration { reason, .. } => Error::Declaration {
                state: declaration.name().to_owned().into(),
                field: Some(tensor.name.escape_debug().to_string().into()),
                reason,
            },
            error => error,
        })?;
        declaration.field(tensor.name, ty, Attributes::new())?;
    }
    Ok(declaration)
}

fn type_of(tensor: &Tensor<'_>) -> Result<Type, Error> {
    let number = match &*tensor.dtype {
        "U16" => Number::U16,
        "U32" => Number::U32,
        "U64" => Number::U64,
        "I8" => Number::I8,
        "I16" => Number::I16,
        "I32" => Number::I32,
        "I64" => Number::I64,
        "F16" => Number::F16,
        "BF16" => Number::Bf16,
        "F32" => Number::F32,
        "F64" => Number::F64,
        "C64" => Number::ComplexF32,
        _ => Number::U8,
    };
    let count: usize = tensor.shape.iter().product();
    // Of numbers that fill no byte, bytes are all there is.
    let shape = match count * number.size() == tensor.bytes {
        true => tensor.shape,
        false => &[tensor.bytes],
    };
    shape.iter().rev().try_fold(Type::number(number), |ty, len| ty.array(*len))
}
