//! A region's values to a file, without being attached.

use std::path::Path;

use super::field::FieldView;
use super::value::Value;
use super::view::View;
use crate::checkpoint::{Content, save};
use crate::error::Error;
use crate::manifest::Manifest;
use crate::untyped::Declaration;

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
        let chosen = fields.iter().map(FieldView::manifest);
        let manifest = Declaration::of_fields(self.manifest().name, chosen)?.manifest()?;
        let values = self.snapshot_of(fields)?;
        self.save(path.as_ref(), manifest.get(), &values)?;
        Ok(values)
    }

    fn save(&self, path: &Path, manifest: &Manifest<'_>, values: &[Value]) -> Result<(), Error> {
        let contents: Vec<Content<'_>> = values
            .iter()
            .map(|value| Content { bytes: value.bytes(), version: value.version().into() })
            .collect();
        save(path, self.name(), manifest, self.all_notes(), &contents)
    }
}
