//! A region's values to a file, without being attached.

use std::path::Path;

use super::field::FieldView;
use super::value::Value;
use super::view::View;
use crate::checkpoint::{Content, save};
use crate::error::Error;
use crate::manifest::{Draft, Manifest, OwnedManifest, Type};

impl View {
    /// As [`Shm::checkpoint`](crate::Shm::checkpoint). Returns the values that were saved, in declaration
    /// order.
    ///
    /// # Errors
    ///
    /// As [`Shm::checkpoint`](crate::Shm::checkpoint), and [`Error::Contended`] if publications overtook
    /// every try for a second.
    ///
    /// # Blocking
    ///
    /// Never waits for a writer. Waits until the file is on the disk.
    pub fn checkpoint(&self, path: impl AsRef<Path>) -> Result<Vec<Value>, Error> {
        let values = self.snapshot()?;
        self.save(path.as_ref(), self.manifest(), &values)?;
        Ok(values)
    }

    /// As [`checkpoint`](Self::checkpoint), of these fields only: the file is that of a state of the same
    /// declared name, which has them in the order of the list.
    ///
    /// # Errors
    ///
    /// As [`checkpoint`](Self::checkpoint); [`Error::Declaration`] if there is no field in the list, or one
    /// comes twice.
    ///
    /// # Panics
    ///
    /// If a field is of another view.
    ///
    /// # Blocking
    ///
    /// As [`checkpoint`](Self::checkpoint).
    pub fn checkpoint_of(
        &self,
        path: impl AsRef<Path>,
        fields: &[FieldView],
    ) -> Result<Vec<Value>, Error> {
        let manifest = self.restricted(fields)?;
        let values = self.snapshot_of(fields)?;
        self.save(path.as_ref(), manifest.get(), &values)?;
        Ok(values)
    }

    /// A state of these fields.
    fn restricted(&self, fields: &[FieldView]) -> Result<OwnedManifest, Error> {
        let name = self.manifest().name;
        let wrong = |field: Option<&str>, reason: &'static str| Error::Declaration {
            state: name.to_owned().into(),
            field: field.map(|field| field.to_owned().into()),
            reason: reason.into(),
        };
        if fields.is_empty() {
            return Err(wrong(None, "a state has at least one field"));
        }
        let mut drafts: Vec<Draft> = Vec::with_capacity(fields.len());
        for field in fields.iter().map(FieldView::manifest) {
            if drafts.iter().any(|draft| draft.name == field.name) {
                return Err(wrong(Some(field.name), "it comes twice"));
            }
            drafts.push(Draft {
                name: field.name.to_owned(),
                ty: Type::of(field.ty)?,
                slots: field.slots,
                timed: field.timed,
                atomic: field.atomic,
            });
        }
        OwnedManifest::declare(name, &drafts).map_err(|index| {
            wrong(Some(&drafts[index].name), "with it the state is larger than an address space")
        })
    }

    fn save(&self, path: &Path, manifest: &Manifest<'_>, values: &[Value]) -> Result<(), Error> {
        let contents: Vec<Content<'_>> = values
            .iter()
            .map(|value| Content { bytes: value.bytes(), version: value.version().into() })
            .collect();
        save(path, self.name(), manifest, self.all_notes(), &contents)
    }
}
