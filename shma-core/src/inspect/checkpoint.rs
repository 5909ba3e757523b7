//! A region's values to a file, without being attached.

use std::path::Path;

use super::value::Value;
use super::view::View;
use crate::checkpoint::{Content, save};
use crate::error::Error;

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
        let contents: Vec<Content<'_>> = values
            .iter()
            .map(|value| Content { bytes: value.bytes(), version: value.version().into() })
            .collect();
        save(path.as_ref(), self.name(), self.manifest(), self.all_notes(), &contents)?;
        Ok(values)
    }
}
