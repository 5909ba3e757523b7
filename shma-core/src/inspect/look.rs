//! What has the name of a region, and what keeps this process from telling.

use std::fmt;
use std::io;
use std::path::Path;

use super::view::View;
use super::whose::Whose;
use crate::error::Error;

/// What has the name of a region.
#[derive(Debug)]
#[non_exhaustive]
pub enum Look {
    /// A region.
    Region(View),
    /// Something that is not a region of this format.
    NotARegion(Error),
    /// It may well be a region, and this process cannot look at it.
    Hidden(Obstacle, Error),
    /// Nothing, or nothing any more.
    Absent(Error),
}

impl Look {
    /// Looks at a name.
    ///
    /// # Blocking
    ///
    /// As [`View::open`].
    pub fn at(name: &str, whose: Whose) -> Self {
        Self::of(View::open_of(name, whose))
    }

    /// As [`at`](Self::at), in the directory that [`Options::dir`](crate::Options::dir) names.
    ///
    /// # Blocking
    ///
    /// As [`View::open`].
    pub fn at_in(dir: impl AsRef<Path>, name: &str, whose: Whose) -> Self {
        Self::of(View::open_in(dir, name, whose))
    }

    fn of(opened: Result<View, Error>) -> Self {
        match opened {
            Ok(view) => Self::Region(view),
            Err(error @ (Error::NotFound { .. } | Error::InvalidName { .. })) => {
                Self::Absent(error)
            }
            Err(error) => match Obstacle::of(&error) {
                Some(obstacle) => Self::Hidden(obstacle, error),
                None => Self::NotARegion(error),
            },
        }
    }
}

/// Looks at all in `/dev/shm` that has the name of a region, in the order of the names. What vanishes meanwhile is
/// left out.
///
/// At no time are more than two descriptors open for it, and none when it is done: each view has given
/// up its own, see [`View::close_file`]. So any number of regions can be looked at.
///
/// # Errors
///
/// [`Error::Io`] if the directory cannot be read.
///
/// # Blocking
///
/// As [`View::open`], for each name.
pub fn look_at_all(whose: Whose) -> Result<Vec<(String, Look)>, Error> {
    Ok(all(super::names()?, |name| Look::at(name, whose)))
}

/// As [`look_at_all`], in the directory that [`Options::dir`](crate::Options::dir) names.
///
/// # Errors
///
/// As [`look_at_all`].
///
/// # Blocking
///
/// As [`look_at_all`].
pub fn look_at_all_in(dir: impl AsRef<Path>, whose: Whose) -> Result<Vec<(String, Look)>, Error> {
    let dir = dir.as_ref();
    Ok(all(super::names_in(dir)?, |name| Look::at_in(dir, name, whose)))
}

fn all(names: Vec<String>, look: impl Fn(&str) -> Look) -> Vec<(String, Look)> {
    let mut all = Vec::new();
    for name in names {
        match look(&name) {
            Look::Absent(_) => {}
            Look::Region(mut view) => {
                view.close_file();
                all.push((name, Look::Region(view)));
            }
            look => all.push((name, look)),
        }
    }
    all
}

/// What is in the way of this process, and no fault of what it looks at. `Display` says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// This process has as many files open as it may.
    OpenFiles,
    /// All processes together have as many files open as the system allows.
    OpenFilesOfSystem,
    /// There is no memory for it, or the process has as many mappings as it may.
    Memory,
    /// The file's permissions do not let this user in.
    Permission,
    /// It belongs to another user, whose regions were not asked for: see [`Whose`].
    OtherUser,
    /// Another call has failed, or took too long.
    Other,
}

impl Obstacle {
    /// What was in the way of a call, or `None` if its error is about the region.
    pub fn of(error: &Error) -> Option<Self> {
        match error {
            Error::ForeignOwner { .. } => Some(Self::OtherUser),
            Error::Io { source, .. } => Some(Self::of_call(source)),
            Error::Timeout { .. } | Error::Contended { .. } => Some(Self::Other),
            _ => None,
        }
    }

    fn of_call(error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::EMFILE) => Self::OpenFiles,
            Some(libc::ENFILE) => Self::OpenFilesOfSystem,
            Some(libc::ENOMEM) => Self::Memory,
            _ if error.kind() == io::ErrorKind::PermissionDenied => Self::Permission,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenFiles => {
                "this process has as many files open as it may; raise its limit (ulimit -n)"
            }
            Self::OpenFilesOfSystem => {
                "the system has as many files open as it may; raise its limit (sysctl fs.file-max)"
            }
            Self::Memory => {
                "this process has no memory for it, or as many mappings as it may; look again when \
                 there is more, or raise its limits (ulimit -v, sysctl vm.max_map_count)"
            }
            Self::Permission => {
                "the file's permissions do not let this user look at it; ask its user or root"
            }
            Self::OtherUser => "it belongs to another user, whose regions were not asked for",
            Self::Other => "a call has failed; look again",
        })
    }
}
