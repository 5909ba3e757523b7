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
    let io = |source| Error::Io { name: "*".into(), call: "reading /dev/shm", source };
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
pub struct Abandoned(PathBuf);

/// Files that creators of this user have abandoned: without a name of a region, a minute old, and
/// with nobody attached.
pub fn abandoned() -> Vec<Abandoned> {
    let all = region::temporaries().into_iter();
    all.filter(|path| region::is_abandoned(path)).map(Abandoned).collect()
}

impl Abandoned {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Removes it if it still is abandoned; whether it did.
    pub fn remove(&self) -> bool {
        region::remove_abandoned(&self.0)
    }
}
