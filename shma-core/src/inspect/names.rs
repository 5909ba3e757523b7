//! What there is.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::os;
use crate::region::{self, Directory, Name, PREFIX};

/// The names of all in `/dev/shm` that may be a region, in order; whether each is one, opening it tells.
///
/// # Errors
///
/// [`Error::Io`] if the directory cannot be read.
pub fn names() -> Result<Vec<String>, Error> {
    of(&Directory::USUAL)
}

/// As [`names`], in the directory that [`Options::dir`](crate::Options::dir) names.
///
/// # Errors
///
/// As [`names`].
pub fn names_in(dir: impl AsRef<Path>) -> Result<Vec<String>, Error> {
    of(&Directory::at(Some(dir.as_ref()))?)
}

fn of(directory: &Directory) -> Result<Vec<String>, Error> {
    let failed = |source| Error::Io {
        name: String::new(),
        call: "listing what is",
        directory: Some(directory.path().to_owned()),
        source,
    };
    let mut names = Vec::new();
    for file in os::names_in(directory.path()).map_err(failed)? {
        let name = file.to_str().and_then(|file| file.strip_prefix(PREFIX));
        // What cannot be a name was not made by this library.
        names.extend(name.filter(|name| Name::new(directory, name).is_ok()).map(str::to_owned));
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

/// Files in `/dev/shm` that creators of this user have left without a name of a region. Each was locked by its
/// creator and is not any more, or is a minute old and was never locked.
pub fn abandoned() -> Vec<Abandoned> {
    abandoned_of(&Directory::USUAL)
}

/// As [`abandoned`], in the directory that [`Options::dir`](crate::Options::dir) names.
///
/// # Errors
///
/// [`Error::Io`] if the path is empty, or relative where the process has no directory.
pub fn abandoned_in(dir: impl AsRef<Path>) -> Result<Vec<Abandoned>, Error> {
    Ok(abandoned_of(&Directory::at(Some(dir.as_ref()))?))
}

fn abandoned_of(directory: &Directory) -> Vec<Abandoned> {
    let all = region::temporaries(directory).into_iter();
    all.filter_map(|path| region::abandoned(&path).map(|bytes| Abandoned { path, bytes })).collect()
}

impl Abandoned {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of its file system that it takes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Removes it if it still is abandoned; whether it did.
    pub fn remove(&self) -> bool {
        region::remove_abandoned(&self.path)
    }
}
