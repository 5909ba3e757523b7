//! Whose a region's file is.
//!
//! A user namespace shows every user that it does not map as one number, the overflow uid. Two
//! strangers then look alike, and a process may have that number itself. So a file counts as this
//! user's own only if the kernel lets this process do to it what only its owner may do.

use std::fs::File;

use rustix::fs::{OFlags, Stat};

use crate::os;

/// The number of a user, as far as it tells users apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The effective user of this process.
    Own,
    /// Another user, with this number.
    Other(u32),
    /// A user without a number of its own here.
    Unmapped,
}

impl Owner {
    /// The owner of an open file.
    pub(super) fn of(file: &File, stat: &Stat) -> Self {
        match stat.st_uid == user() {
            true if is_owned(file) => Self::Own,
            _ => Self::other(stat.st_uid),
        }
    }

    /// The owner of a file that cannot be opened, which is then all that can be known.
    pub(super) fn of_unopened(stat: &Stat) -> Self {
        match Self::other(stat.st_uid) {
            Self::Other(uid) if uid == user() => Self::Own,
            other => other,
        }
    }

    fn other(uid: u32) -> Self {
        if os::may_be_unmapped(uid) { Self::Unmapped } else { Self::Other(uid) }
    }
}

/// Users besides this one and root whose regions are opened.
#[derive(Debug, Clone)]
pub(crate) enum Users {
    Also(Vec<u32>),
    Anyone,
}

impl Default for Users {
    fn default() -> Self {
        Self::Also(Vec::new())
    }
}

/// Whose files a call takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Accepted<'a> {
    /// This user's.
    Own,
    /// This user's, root's, and those of these users.
    Trusted(&'a Users),
}

impl Accepted<'_> {
    pub(super) fn includes(self, owner: Owner) -> bool {
        matches!((self, owner), (Self::Trusted(_), Owner::Other(0))) || self.names(owner)
    }

    /// Whether the owner is included without being root.
    pub(super) fn names(self, owner: Owner) -> bool {
        match (self, owner) {
            (_, Owner::Own) | (Self::Trusted(Users::Anyone), _) => true,
            (Self::Trusted(Users::Also(users)), Owner::Other(user)) => users.contains(&user),
            _ => false,
        }
    }

    /// Whether the file can turn out to be included when it is open: until then the number of its
    /// owner is all that is known.
    pub(super) fn may_include(self, stat: &Stat) -> bool {
        self.includes(Owner::of_unopened(stat)) || stat.st_uid == user()
    }
}

/// The effective user of this process.
pub(super) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether the kernel takes this process for the owner of the file. Only an owner may ask for reads
/// that leave the time of access alone. A process with `CAP_FOWNER` may too, if its namespace maps the
/// owner, and the number of a mapped owner is true.
fn is_owned(file: &File) -> bool {
    rustix::fs::fcntl_setfl(file, OFlags::NOATIME | OFlags::NONBLOCK).is_ok()
}
