//! Removing regions by name, whatever their layout.

use std::path::Path;

use crate::error::Error;
use crate::region::{self, Directory, Name};

/// Removes an ephemeral region without attachments. Returns whether it did: not if the region is
/// persistent, or if another process is attached, or removes or replaces it at the same time.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::ForeignOwner`], [`Error::NotARegion`], [`Error::InvalidName`],
/// [`Error::Io`].
pub fn remove_dead(name: &str) -> Result<bool, Error> {
    region::remove_dead(&Name::new(&Directory::USUAL, name)?)
}

/// As [`remove_dead`], in the directory that [`Options::dir`](crate::Options::dir) names.
///
/// # Errors
///
/// As [`remove_dead`].
pub fn remove_dead_in(dir: impl AsRef<Path>, name: &str) -> Result<bool, Error> {
    region::remove_dead(&Name::new(&Directory::at(Some(dir.as_ref()))?, name)?)
}

/// Removes a region's name, as [`ShmState::unlink`](crate::ShmState::unlink) does: attached
/// processes keep their memory, and learn of it.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::ForeignOwner`], [`Error::NotARegion`], [`Error::InvalidName`],
/// [`Error::Timeout`], [`Error::Io`].
///
/// # Blocking
///
/// At most a second for other processes that create or remove the name, and threads that fork.
pub fn unlink(name: &str) -> Result<(), Error> {
    region::unlink(&Name::new(&Directory::USUAL, name)?, None)
}

/// As [`unlink`], in the directory that [`Options::dir`](crate::Options::dir) names.
///
/// # Errors
///
/// As [`unlink`].
///
/// # Blocking
///
/// As [`unlink`].
pub fn unlink_in(dir: impl AsRef<Path>, name: &str) -> Result<(), Error> {
    region::unlink(&Name::new(&Directory::at(Some(dir.as_ref()))?, name)?, None)
}
