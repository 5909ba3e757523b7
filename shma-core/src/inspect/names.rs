//! What there is.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::os;
use crate::region::{self, DIRECTORY, Name, PREFIX};

/// The names of all that may be a region, in order; whether each is one, opening it tells.
///
/// # Errors
///
/// [`Error::Io`] if the directory cannot be read.
pub fn names() -> Result<Vec<String>, Error> {
    let io = |source| Error::Io { name: String::new(), call: "reading /dev/shm", source };
    let mut names = Vec::new();
    for file in os::names_in(DIRECTORY.as_ref()).map_err(io)? {
        let name = file.to_str().and_then(|file| file.strip_prefix(PREFIX));
        // What cannot be a name was not made by this library.
        names.extend(name.filter(|name| Name::new(name).is_ok()).map(str::to_owned));
    }
    names.sort_unstable();
    Ok(names)
}

/// The file of a region that was never finished: its creator died before it had its name.
#[derive(Debug)]
pub struct Abandoned {
    path: PathBuf,
    bytes: u64,
}

/// Files that creators of this user have left without a name of a region. Each was locked by its
/// creator and is not any more, or is a minute old and was never locked.
pub fn abandoned() -> Vec<Abandoned> {
    let all = region::temporaries().into_iter();
    all.filter_map(|path| region::abandoned(&path).map(|bytes| Abandoned { path, bytes })).collect()
}

impl Abandoned {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of `/dev/shm` that it takes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Removes it if it still is abandoned; whether it did.
    pub fn remove(&self) -> bool {
        region::remove_abandoned(&self.path)
    }
}
