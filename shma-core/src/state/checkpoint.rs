//! A state's values to a file, and back.

use std::path::Path;

use super::Shm;
use super::family::{State, each_mut, zeroed};
use super::snapshot;
use crate::checkpoint::{Checkpoint, Content, save};
use crate::error::Error;
use crate::region::access::Access;

impl<S: State, A: Access> Shm<S, A> {
    /// Writes all fields as they stand at one instant to a `.safetensors` file, which numpy, PyTorch, JAX,
    /// candle and burn read, and [`load`](crate::ShmState::load) gives back. Elements of atomic fields are
    /// read one by one.
    ///
    /// The file appears complete or not at all. It is written beside its name, goes to the disk, and is
    /// renamed; a process that is killed on the way leaves the old file as it was. The next checkpoint to
    /// the path deletes what such a process left. A symbolic link stays, and the file that it leads to is
    /// replaced. The new file has the mode of the old one.
    ///
    /// The manifest, with the region's notes, and the version of each field stand in the file's metadata.
    /// The state is copied once into private memory.
    ///
    /// # Errors
    ///
    /// The old file is as it was after each of them, except where the disk fails after the new file has the
    /// name: [`Error::File`] if a system call fails; [`Error::NoSpace`]; [`Error::Declaration`] for a field
    /// named `__metadata__`, the format's own name.
    ///
    /// # Blocking
    ///
    /// Never waits for a writer, as [`snapshot_into`](Self::snapshot_into). Waits until the file is on the
    /// disk.
    pub fn checkpoint(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let region = self.region();
        let mut state = zeroed::<S>();
        self.with_parts(&mut state, |parts| {
            snapshot::forever::<A>(region, parts);
            let parts = parts.iter();
            let values = parts.map(|part| Content { bytes: &*part.bytes, version: part.version });
            let values: Vec<Content<'_>> = values.collect();
            save(path.as_ref(), region.name(), &S::DECLARATION, region.notes(), &values)
        })
    }
}

/// As [`ShmState::load`](crate::ShmState::load).
pub(super) fn load<S: State>(path: &Path) -> Result<Box<S>, Error> {
    let saved = Checkpoint::open(path)?;
    let places = saved.fit(&S::DECLARATION)?;
    let mut state = zeroed::<S>();
    let mut read = Ok(());
    each_mut(&mut *state, |index, bytes| {
        if read.is_ok() {
            read = saved.read(places[index], 0, bytes);
        }
    });
    read.map(|()| state)
}
