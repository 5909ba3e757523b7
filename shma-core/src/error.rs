//! What can go wrong, in one enum. Imports nothing of ours.

use std::borrow::Cow;
use std::fmt;
use std::io;

/// What can go wrong with a region or a field of it.
///
/// Every message names the region and, where there is one, the field.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No region has the name.
    #[error("no region `{name}`: /dev/shm/shma.{name} does not exist; create it first")]
    #[non_exhaustive]
    NotFound {
        /// The region.
        name: String,
    },
    /// A live or persistent region has the name.
    #[error("region `{name}` exists already: {reason}; open it, or unlink it first")]
    #[non_exhaustive]
    AlreadyExists {
        /// The region.
        name: String,
        /// Why it is not replaced.
        reason: &'static str,
    },
    /// The region was made by a program that declares the state differently.
    #[error("region `{name}` has another layout than this program's `{state}`:\n{difference}")]
    #[non_exhaustive]
    LayoutMismatch {
        /// The region.
        name: String,
        /// The state as this program declares it.
        state: Cow<'static, str>,
        /// One line per field that differs: the field, what the region has, what this program has.
        difference: String,
    },
    /// What has the name belongs to another user.
    #[error(
        "region `{name}` belongs to user {owner}, and this process runs as user {user}; it is neither used nor removed (see `Options::allow_owner`, and `Options::mode` for what its owner can permit)"
    )]
    #[non_exhaustive]
    ForeignOwner {
        /// The region.
        name: String,
        /// Who owns the file.
        owner: u32,
        /// Who runs this process.
        user: u32,
    },
    /// What has the name is not, or not entirely, a region of this format.
    #[error("/dev/shm/shma.{name} is not a region that this program can use: {reason}")]
    #[non_exhaustive]
    NotARegion {
        /// The region.
        name: String,
        /// What was found and what was expected.
        reason: String,
    },
    /// The name was unlinked or created anew; nothing more will come.
    #[error(
        "{place} is retired: the region's name was removed or given to a new region; open it again"
    )]
    #[non_exhaustive]
    Retired {
        /// The region and the field.
        place: Place,
    },
    /// `/dev/shm` has not enough room.
    #[error("region `{name}` needs {needed} bytes, {}", Room { needed: *needed, free: *free })]
    #[non_exhaustive]
    NoSpace {
        /// The region.
        name: String,
        /// Bytes that the region takes.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The text cannot be a region's name.
    #[error("`{name}` cannot name a region: {reason}")]
    #[non_exhaustive]
    InvalidName {
        /// The text.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It did not come to pass in the time given.
    #[error("{place}: {what} took longer than {waited:?}{}", HeldBy(holder))]
    #[non_exhaustive]
    Timeout {
        /// The region, and the field where there is one.
        place: Place,
        /// What was waited for.
        what: &'static str,
        /// How long.
        waited: std::time::Duration,
        /// Who holds the semaphore, where one was waited for.
        holder: Option<SemaphoreHolder>,
    },
    /// Another thread or process holds the semaphore.
    #[error("the semaphore of {place} is taken{}", HeldBy(holder))]
    #[non_exhaustive]
    WouldBlock {
        /// The region and the field.
        place: Place,
        /// Who holds the semaphore.
        holder: Option<SemaphoreHolder>,
    },
    /// The calling thread holds this semaphore already, or one of a field declared later.
    #[error(
        "this thread is inside an update of field `{held}`, so it cannot wait for {place}: nested updates go in declaration order, each field once"
    )]
    #[non_exhaustive]
    Reentrant {
        /// The region and the field.
        place: Place,
        /// The field that the thread is updating.
        held: Cow<'static, str>,
    },
    /// Publications kept overtaking the reader; try again, or use a call that retries.
    #[error("{place} was published faster than it could be read; try again")]
    #[non_exhaustive]
    Contended {
        /// The region, and the field where there is one.
        place: Place,
    },
    /// The handle was made before a fork, in the parent.
    #[error(
        "this handle to {place} was inherited through fork: it reads, but writes only after attaching anew"
    )]
    #[non_exhaustive]
    Forked {
        /// The region, and the field where there is one.
        place: Place,
    },
    /// A state that cannot be declared like this, whatever its region holds.
    #[error("{}", Undeclarable { state, field: field.as_deref(), reason })]
    #[non_exhaustive]
    Declaration {
        /// The state's declared name.
        state: Cow<'static, str>,
        /// The field that is wrong, where it is one.
        field: Option<Cow<'static, str>>,
        /// What is wrong, and what to declare instead.
        reason: Cow<'static, str>,
    },
    /// A system call failed.
    #[error("region `{name}`: {call} failed")]
    #[non_exhaustive]
    Io {
        /// The region.
        name: String,
        /// The call.
        call: &'static str,
        /// Its error.
        source: io::Error,
    },
}

/// A region, and the field of it that a call was for, where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The region.
    pub region: String,
    /// The field.
    pub field: Option<Cow<'static, str>>,
}

impl Place {
    pub(crate) fn new(region: &str, field: Option<Cow<'static, str>>) -> Self {
        Self { region: region.to_owned(), field }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "field `{field}` of region `{}`", self.region),
            None => write!(f, "region `{}`", self.region),
        }
    }
}

/// The holder of a semaphore, as far as shared memory tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SemaphoreHolder {
    /// The attachment's owner id.
    pub owner: u32,
    /// The process as it was numbered in its own PID namespace; 0 if it has not said. Right after an
    /// acquisition it may be the number of the previous holder.
    pub pid: u32,
    /// Whether it is the same attachment, in another thread.
    pub own: bool,
    /// Whether the attachment is known to be gone. The next writer takes the semaphore over.
    pub dead: bool,
}

impl fmt::Display for SemaphoreHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.own {
            return write!(f, "another thread that uses this handle");
        }
        let dead = if self.dead { ", dead" } else { "" };
        write!(f, "process {} (owner {}{dead})", self.pid, self.owner)
    }
}

/// A declaration that is wrong.
struct Undeclarable<'a> {
    state: &'a str,
    field: Option<&'a str>,
    reason: &'a str,
}

impl fmt::Display for Undeclarable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, field, reason } = self;
        match field {
            Some(field) => write!(f, "field `{field}` of the state `{state}`: {reason}"),
            None => write!(f, "the state `{state}` cannot be declared like this: {reason}"),
        }
    }
}

/// What there is in place of room.
struct Room {
    needed: u64,
    free: u64,
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needed, free } = self;
        match free < needed {
            true => write!(f, "but /dev/shm has only {free} free; remove regions, or enlarge it")?,
            false => write!(
                f,
                "and /dev/shm gives none although {free} are free; it may be out of files, or a \
                 quota used up: remove regions, or enlarge it"
            )?,
        }
        f.write_str(" (in a container: --shm-size)")
    }
}

struct HeldBy<'a>(&'a Option<SemaphoreHolder>);

impl fmt::Display for HeldBy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(holder) => write!(f, "; it is held by {holder}"),
            None => Ok(()),
        }
    }
}
