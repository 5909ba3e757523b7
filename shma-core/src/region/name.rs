//! Names of regions and the paths that they stand for.

use std::io;
use std::path::PathBuf;

use rustix::io::Errno;

use super::Directory;
use crate::error::{Error, Place};

/// What regions' file names start with.
pub(crate) const PREFIX: &str = "shma.";

/// The longest name; with the prefix it stays under the 255 bytes of a file name.
const LONGEST: usize = 200;

/// A text that can name a region, 1 to 200 of `A-Z a-z 0-9 . _ -`, not starting with a dot, and the
/// directory where the region lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    text: Box<str>,
    directory: Directory,
}

impl Name {
    /// The name of a region in a directory.
    pub(crate) fn new(directory: &Directory, name: &str) -> Result<Self, Error> {
        let reason = match name.as_bytes() {
            [] => "it is empty",
            [b'.', ..] => "it starts with a dot",
            long if long.len() > LONGEST => "it is longer than 200 bytes",
            bytes if !bytes.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')) => {
                "only A to Z, a to z, 0 to 9, dot, underscore and hyphen are allowed"
            }
            _ => return Ok(Self { text: name.into(), directory: directory.clone() }),
        };
        Err(Error::InvalidName { name: name.escape_debug().to_string(), reason })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Where the region lies.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.join(&format!("{PREFIX}{}", self.text))
    }

    /// Says what is wrong with the directory, if anything is.
    pub(super) fn check_directory(&self) -> Result<(), Error> {
        self.directory.check_kind().map_err(|errno| self.io_in_directory("stat", errno.into()))
    }

    /// Refuses a directory where other users may remove what they do not own.
    pub(super) fn check_stickiness(&self) -> Result<(), Error> {
        if !self.directory.lets_others_remove() {
            return Ok(());
        }
        let what = "other users may write to the directory, and it is not sticky, so they could remove \
                    or replace the region; set the sticky bit (`chmod +t`), or take away their \
                    permission (`chmod go-w`)";
        let error = io::Error::new(io::ErrorKind::PermissionDenied, what);
        Err(self.io_in_directory("the check of the mode", error))
    }

    /// A call that has failed.
    pub(super) fn io(&self, call: &'static str, source: io::Error) -> Error {
        if Errno::from_io_error(&source) == Some(Errno::ROFS) {
            return self.io_in_directory(call, source);
        }
        Error::Io { name: self.text.to_string(), call, directory: None, source }
    }

    /// A call that has failed, most likely for the directory's sake.
    pub(super) fn io_in_directory(&self, call: &'static str, source: io::Error) -> Error {
        let directory = Some(self.directory.path().to_owned());
        Error::Io { name: self.text.to_string(), call, directory, source }
    }

    pub(crate) fn not_found(&self) -> Error {
        Error::NotFound { name: self.text.to_string(), path: self.path() }
    }

    pub(super) fn not_a_region(&self, reason: impl Into<String>) -> Error {
        let (name, path) = (self.text.to_string(), Some(self.path()));
        Error::NotARegion { name, path, reason: reason.into() }
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
