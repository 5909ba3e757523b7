//! Names of regions and the paths that they stand for.

use std::io;
use std::path::PathBuf;

use rustix::fs::FileType;
use rustix::io::Errno;

use crate::error::{Error, Place};

/// Where regions lie.
pub(crate) const DIRECTORY: &str = "/dev/shm";

/// Says what is wrong with the directory where regions lie, if anything is.
pub(super) fn check_directory(name: &Name) -> Result<(), Error> {
    let kind = rustix::fs::stat(DIRECTORY).map(|stat| FileType::from_raw_mode(stat.st_mode));
    let errno = match kind {
        Ok(FileType::Directory) => return Ok(()),
        Ok(_) => Errno::NOTDIR,
        Err(errno) => errno,
    };
    Err(name.io("stat of /dev/shm", errno.into()))
}

/// What regions' file names start with.
pub(crate) const PREFIX: &str = "shma.";

/// The longest name; with the prefix it stays under the 255 bytes of a file name.
const LONGEST: usize = 200;

/// A text that can name a region: 1 to 200 of `A-Z a-z 0-9 . _ -`, not starting with a dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(Box<str>);

impl Name {
    pub(crate) fn new(name: &str) -> Result<Self, Error> {
        let reason = match name.as_bytes() {
            [] => "it is empty",
            [b'.', ..] => "it starts with a dot",
            long if long.len() > LONGEST => "it is longer than 200 bytes",
            bytes if !bytes.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')) => {
                "only A to Z, a to z, 0 to 9, dot, underscore and hyphen are allowed"
            }
            _ => return Ok(Self(name.into())),
        };
        Err(Error::InvalidName { name: name.escape_debug().to_string(), reason })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn path(&self) -> PathBuf {
        [DIRECTORY, &format!("{PREFIX}{}", self.0)].iter().collect()
    }

    pub(super) fn io(&self, call: &'static str, source: io::Error) -> Error {
        Error::Io { name: self.0.to_string(), call, source }
    }

    pub(super) fn not_a_region(&self, reason: impl Into<String>) -> Error {
        Error::NotARegion { name: self.0.to_string(), reason: reason.into() }
    }

    pub(super) fn timeout(&self, what: &'static str) -> Error {
        Error::Timeout {
            place: Place::new(self.as_str(), None),
            what,
            waited: super::DEADLINE,
            holder: None,
        }
    }
}
