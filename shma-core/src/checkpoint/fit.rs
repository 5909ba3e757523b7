//! Which tensor is which field of a declaration.

use std::collections::HashSet;

use super::saved::Checkpoint;
use crate::error::Error;
use crate::manifest::element::ElementType;
use crate::manifest::{FieldManifest, Manifest};

/// More differences than this are counted only.
const MOST_LINES: usize = 40;

impl Checkpoint {
    /// The place of each field's value in the file, in the order of the declaration.
    ///
    /// Only what counts for values is compared: names and types. Order, slots and the like may differ.
    pub(crate) fn fit(&self, declared: &Manifest<'_>) -> Result<Vec<usize>, Error> {
        let mut lines = Vec::new();
        let stored = self.manifest().map(|stored| stored.get());
        if let Some(stored) = stored.filter(|stored| stored.name != declared.name) {
            let (file, program) = (stored.name, declared.name);
            lines.push(format!("declared name: the file has {file}, this program {program}"));
        }
        let mut places = Vec::with_capacity(declared.fields.len());
        for field in declared.fields {
            match self.place(field.name) {
                None => lines.push(format!(
                    "{}: only this program has it, as {} ({} bytes)",
                    field.name, field.ty, field.size
                )),
                Some(place) => {
                    places.push(place);
                    lines.extend(self.difference(place, field));
                }
            }
        }
        let names: HashSet<&str> = declared.fields.iter().map(|field| field.name).collect();
        for (index, tensor) in self.tensors().enumerate() {
            if !names.contains(tensor.name) {
                let name = tensor.name.escape_debug();
                lines.push(format!("{name}: only the file has it, as {}", self.described(index)));
            }
        }
        match lines.is_empty() {
            true => Ok(places),
            false => Err(self.mismatch(declared.name, &lines)),
        }
    }

    /// Reads the value number `index` as one of this field.
    ///
    /// # Errors
    ///
    /// [`Error::CheckpointMismatch`] if it is of another type; [`Error::File`].
    ///
    /// # Panics
    ///
    /// If there is no such value.
    pub fn read_as(&self, index: usize, field: &FieldManifest<'_>) -> Result<Vec<u8>, Error> {
        if let Some(line) = self.difference(index, field) {
            return Err(self.mismatch(&format!("field {}", field.name), &[line]));
        }
        let mut value = vec![0; field.size];
        self.read(index, 0, &mut value)?;
        Ok(value)
    }

    /// How a value of the file differs from a field of its name.
    fn difference(&self, place: usize, field: &FieldManifest<'_>) -> Option<String> {
        let same = match self.stored_field(place) {
            Some(stored) => stored.ty == field.ty,
            None => self.form(place).holds(field.ty),
        };
        let (name, found) = (field.name, self.described(place));
        let program = format!("{} ({} bytes)", field.ty, field.size);
        (!same).then(|| format!("{name}: the file has {found}, this program {program}"))
    }

    fn stored_field(&self, place: usize) -> Option<&FieldManifest<'_>> {
        let name = self.tensors().nth(place)?.name;
        self.manifest()?.get().fields.iter().find(|field| field.name == name)
    }

    fn described(&self, place: usize) -> String {
        match self.stored_field(place) {
            Some(field) => format!("{} ({} bytes)", field.ty, field.size),
            None => self.form(place).to_string(),
        }
    }

    /// The type of a value of the file, as far as it has one.
    pub(crate) fn ty(&self, place: usize) -> Option<&ElementType<'_>> {
        self.stored_field(place).map(|field| field.ty)
    }

    /// The type of a value of the file, in words.
    pub(crate) fn printed(&self, place: usize) -> String {
        self.ty(place).map_or_else(|| self.form(place).to_string(), ToString::to_string)
    }

    /// The shape of a value of a file that says no more of its types, if it consists of the same
    /// scalars as this type and has as many dimensions.
    pub(crate) fn plain_shape(&self, place: usize, ty: &ElementType<'_>) -> Option<Vec<usize>> {
        self.form(place).shape_as(ty)
    }

    fn mismatch(&self, state: &str, lines: &[String]) -> Error {
        let shown = lines.iter().take(MOST_LINES).map(|line| format!("  {line}"));
        let mut difference = shown.collect::<Vec<_>>().join("\n");
        if lines.len() > MOST_LINES {
            let more = lines.len() - MOST_LINES;
            difference.push_str(&format!("\n  and {more} more differences"));
        }
        Error::CheckpointMismatch {
            path: self.path().to_owned(),
            state: state.to_owned().into(),
            difference,
        }
    }
}
