//! What can go wrong, in one enum. Imports nothing of ours.

mod advice;
mod shown;

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use shown::USUAL;
use shown::{Command, In, Noted, Shown, What};

/// What can go wrong with a region or a field of it.
///
/// Every message names the region and, where there is one, the field.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No region has the name. [`ShmState::open_or_create`](crate::ShmState::open_or_create) creates it then,
    /// and [`Options::wait`](crate::Options::wait) waits until another process does.
    #[error(
        "no region `{name}`: {} does not exist; its program has not created it yet, or it went with the last process that used it",
        Shown(path)
    )]
    #[non_exhaustive]
    NotFound {
        /// The region.
        name: String,
        /// Its file.
        path: PathBuf,
    },
    /// A live or persistent region has the name.
    #[error(
        "region `{name}` exists already: {reason} ({} tells more); open it, or unlink it first",
        Command(directory, "info", Some(name))
    )]
    #[non_exhaustive]
    AlreadyExists {
        /// The region.
        name: String,
        /// Where it lies.
        directory: PathBuf,
        /// Why it is not replaced.
        reason: &'static str,
    },
    /// The region was made by a program that declares the state differently.
    #[error(
        "region `{name}` has another layout than this program's `{state}`:\n{difference}\n{}",
        WayOut { name, directory, attached: *attached, persistent: *persistent }
    )]
    #[non_exhaustive]
    LayoutMismatch {
        /// The region.
        name: String,
        /// Where it lies.
        directory: PathBuf,
        /// The state as this program declares it.
        state: Cow<'static, str>,
        /// One line per field that differs: the field, what the region has, what this program has.
        difference: String,
        /// Whether a process is attached to the region.
        attached: bool,
        /// Whether the region stays until it is unlinked.
        persistent: bool,
    },
    /// What has the name belongs to another user.
    #[error("region `{name}` {}", Foreign { owner: *owner, user: *user, unmapped: *unmapped })]
    #[non_exhaustive]
    ForeignOwner {
        /// The region.
        name: String,
        /// The user that the file belongs to.
        owner: u32,
        /// The effective user of this process.
        user: u32,
        /// Whether `owner` is the number of all users that the user namespace of this process does not
        /// map, and says nothing more.
        unmapped: bool,
    },
    /// What has the name is not, or not entirely, a region of this format.
    #[error("{} is not a region that this program can use: {reason}", What(name, path.as_deref()))]
    #[non_exhaustive]
    NotARegion {
        /// The region.
        name: String,
        /// What has the name; `None` for a manifest that lies in no region.
        path: Option<PathBuf>,
        /// What was found and what was expected.
        reason: String,
    },
    /// The machine stopped while processes used the region, which lies on a disk. See
    /// [`restart`](crate::docs::restart).
    #[error(
        "region `{name}` in {} was in use when the machine stopped, and its pages reached the disk in any order, so its values may be of several moments: load a checkpoint and create it anew ({} removes it), or open it as it is (`Options::accept_unclean`)",
        Shown(directory),
        Command(directory, "rm", Some(name))
    )]
    #[non_exhaustive]
    Unclean {
        /// The region.
        name: String,
        /// Where it lies.
        directory: PathBuf,
    },
    /// The region's notes are not the ones that
    /// [`Options::expect_note`](crate::Options::expect_note) names.
    #[error("{}", Noted { name, key, expected, found: found.as_deref() })]
    #[non_exhaustive]
    NoteMismatch {
        /// The region.
        name: String,
        /// The key of the note.
        key: String,
        /// What this program expects there.
        expected: String,
        /// What the region says; `None` if it says nothing.
        found: Option<String>,
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
    /// There is not enough room for the region: in its directory, or of memory. Or there is none for its
    /// checkpoint.
    #[error(
        "{} needs {needed} bytes, {}",
        Needy { name, space: *space },
        Room { directory, needed: *needed, free: *free, space: *space, abandoned: *abandoned }
    )]
    #[non_exhaustive]
    NoSpace {
        /// The region.
        name: String,
        /// Where the region, or its checkpoint, would lie.
        directory: PathBuf,
        /// Bytes that it takes.
        needed: u64,
        /// Bytes that are free.
        free: u64,
        /// Where they are.
        space: Space,
        /// Bytes that unfinished regions take whose creators are dead, as far as this process may
        /// look. A creation removes those of its own user.
        abandoned: u64,
    },
    /// A file cannot be loaded: it is no `.safetensors` file, or says of itself what cannot be.
    #[error("{} is no checkpoint that this program can use: {reason}", Shown(path))]
    #[non_exhaustive]
    NotACheckpoint {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The values in a file are not those of the state that it is loaded as.
    #[error(
        "the checkpoint {} has other values than this program's `{state}`:\n{difference}\n\
         `migrate_file` copies the values that both have",
        Shown(path)
    )]
    #[non_exhaustive]
    CheckpointMismatch {
        /// The file.
        path: PathBuf,
        /// The state as this program declares it.
        state: Cow<'static, str>,
        /// One line per field that differs: the field, what the file has, what this program has.
        difference: String,
    },
    /// A system call for a file that is no region failed. As with [`Io`](Self::Io), the message holds the
    /// system's reason, and `source()` gives nothing.
    #[error(
        "{call} {} failed: {source}{}",
        Shown(path),
        Advice { call, directory: None, error: source }
    )]
    #[non_exhaustive]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried with it.
        call: &'static str,
        /// The error of the call.
        r#source: io::Error,
    },
    /// The text cannot be a region's name.
    #[error("`{name:.200}` cannot name a region: {reason}")]
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
        /// The holder of the semaphore, where one was waited for.
        holder: Option<SemaphoreHolder>,
    },
    /// Another thread or process holds the semaphore.
    #[error("the semaphore of {place} is taken{}", HeldBy(holder))]
    #[non_exhaustive]
    WouldBlock {
        /// The region and the field.
        place: Place,
        /// The holder of the semaphore.
        holder: Option<SemaphoreHolder>,
    },
    /// The calling thread holds this semaphore already, or one of a field declared later.
    #[error(
        "this thread is inside an update of field `{held}` or a transaction, or has a `Writer` of it, so it cannot wait for {place}: nested updates go in declaration order, each field once (a work-stealing pool may run another update inside of this one: see `docs::limitations`)"
    )]
    #[non_exhaustive]
    Reentrant {
        /// The region and the field.
        place: Place,
        /// The field whose semaphore the thread holds.
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
        "this handle to {place} was inherited through fork: it reads, but does not write; open the region in the child"
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
    /// The region has no field of this name.
    #[error("region `{name}` has no field `{field}`; its fields are {fields}")]
    #[non_exhaustive]
    NoField {
        /// The region.
        name: String,
        /// The name that was asked for.
        field: String,
        /// The names of its fields, the first ones of many.
        fields: String,
    },
    /// A write through a handle that may only read.
    #[error("this handle to {place} may only read: open the region for writing")]
    #[non_exhaustive]
    ReadOnly {
        /// The region, and the field where there is one.
        place: Place,
    },
    /// A buffer that is not as long as the value, or the part of it.
    #[error("{place} takes {expected} bytes here, and was given {found}")]
    #[non_exhaustive]
    WrongSize {
        /// The region and the field.
        place: Place,
        /// The bytes that there are.
        expected: usize,
        /// The bytes that were given.
        found: usize,
    },
    /// Bytes or numbers beyond the end of the value.
    #[error("{place} has {len} {unit}, and {first} to {end} were asked for")]
    #[non_exhaustive]
    OutOfRange {
        /// The region and the field.
        place: Place,
        /// What is counted: bytes, or numbers.
        unit: &'static str,
        /// The first one that was asked for.
        first: usize,
        /// The one behind the last that was asked for.
        end: usize,
        /// How many there are.
        len: usize,
    },
    /// A call that this field does not take.
    #[error("{place}: {reason}")]
    #[non_exhaustive]
    WrongField {
        /// The region and the field.
        place: Place,
        /// Why not, and what to do instead.
        reason: &'static str,
    },
    /// The field is of another type than the caller says.
    #[error("{place} is of type `{found}`, and was taken for `{expected}`")]
    #[non_exhaustive]
    WrongType {
        /// The region and the field.
        place: Place,
        /// The type that the caller says.
        expected: String,
        /// The type that the field has.
        found: String,
    },
    /// A system call failed.
    ///
    /// The message holds the reason that the system gives, and what to do about it where something can
    /// be done. So `source()` gives nothing, and a chain of errors prints the reason once; a program
    /// finds it in the field.
    #[error(
        "{}{call}{} failed: {source}{}",
        Of(name),
        In(directory.as_deref()),
        Advice { call, directory: directory.as_deref(), error: source }
    )]
    #[non_exhaustive]
    Io {
        /// The region; empty if the call was for all of them.
        name: String,
        /// The call.
        call: &'static str,
        /// The directory of regions, if the call was for that.
        directory: Option<PathBuf>,
        /// Its error.
        r#source: io::Error,
    },
}

/// A region, and the field of it that a call was for, where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The region; empty if a call was given none.
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
            None if self.region.is_empty() => write!(f, "no region"),
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
    /// Whether the attachment is known to have ended without releasing it. The next writer acquires
    /// the semaphore all the same.
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
            Some(field) => write!(f, "field `{field}` of the state `{state:.200}`: {reason}"),
            // A type by itself.
            None if state.is_empty() => f.write_str(reason),
            None => write!(f, "the state `{state:.200}` cannot be declared like this: {reason}"),
        }
    }
}

/// Where room for a region is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Space {
    /// The file system of the region's directory.
    Directory,
    /// The memory of the machine.
    Memory,
    /// The memory that a control group, as of a container, lets this process take.
    ControlGroup,
    /// The file system of a checkpoint.
    Checkpoint,
}

/// Whose a region is, if not this user's.
struct Foreign {
    owner: u32,
    user: u32,
    unmapped: bool,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, user, unmapped } = self;
        write!(f, "belongs to user {owner}, and this process runs as user {user}; ")?;
        match unmapped {
            true => write!(
                f,
                "{owner} means every user that this user namespace does not map, so the region is \
                 neither used nor removed: map its user (see uid_map in user_namespaces(7))"
            ),
            false => f.write_str(
                "it is neither used nor removed (see `Options::allow_owner`, and `Options::mode` for \
                 what its user can permit)",
            ),
        }
    }
}

/// What there is no room for.
struct Needy<'a> {
    name: &'a str,
    space: Space,
}

impl fmt::Display for Needy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = if self.space == Space::Checkpoint { "the checkpoint of " } else { "" };
        write!(f, "{of}region `{}`", self.name)
    }
}

/// What there is in place of room.
struct Room<'a> {
    directory: &'a Path,
    needed: u64,
    free: u64,
    space: Space,
    abandoned: u64,
}

impl fmt::Display for Room<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { directory, needed, free, space, abandoned } = self;
        let (place, clean) = (Shown(directory), Command(directory, "clean", None));
        let enlarge = match directory.to_str() == Some(USUAL) {
            true => "enlarge it (in a container: --shm-size)",
            false => "free room there",
        };
        match space {
            Space::Directory if free < needed => write!(
                f,
                "but {place} has only {free} free; remove regions ({clean} removes dead ones), or \
                 {enlarge}"
            )?,
            Space::Directory => write!(
                f,
                "and {place} gives none although {free} are free; it may be out of files, or a \
                 quota used up: remove regions, or {enlarge}"
            )?,
            Space::Checkpoint => write!(
                f,
                "and {place} gave no room, with {free} free after that; free room there, or write it \
                 elsewhere; a file that has the name already is as it was"
            )?,
            Space::Memory => write!(
                f,
                "but the machine has only {free} of memory left; end processes, or remove regions \
                 ({clean} removes dead ones)"
            )?,
            Space::ControlGroup => write!(
                f,
                "but the control group of this process has only {free} of memory left; raise its limit \
                 (in a container: --memory; with systemd: MemoryMax=), or remove regions"
            )?,
        }
        if *abandoned > 0 {
            write!(
                f,
                "; {abandoned} are taken by creations that died: {clean} frees them, as the user who \
                 made them"
            )?;
        }
        Ok(())
    }
}

/// Which region it is about, if it is about one.
struct Of<'a>(&'a str);

impl fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            name => write!(f, "region `{name}`: "),
        }
    }
}

struct Advice<'a> {
    call: &'a str,
    directory: Option<&'a Path>,
    error: &'a io::Error,
}

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match advice::advice(self.call, self.directory, self.error) {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

/// What can be done about a region of another layout.
struct WayOut<'a> {
    name: &'a str,
    directory: &'a Path,
    attached: bool,
    persistent: bool,
}

impl fmt::Display for WayOut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = Command(self.directory, "info", Some(self.name));
        let rm = Command(self.directory, "rm", Some(self.name));
        match (self.attached, self.persistent) {
            (true, _) => write!(
                f,
                "processes are attached to it ({info} lists them): end them first, or declare \
                 the state as they do, or use another name; `migrate_region` copies values that both have"
            ),
            (false, false) => write!(
                f,
                "no process is attached to it: `migrate_region` copies the values that both have, \
                 `create` replaces it, `unlink` or {rm} removes it"
            ),
            (false, true) => write!(
                f,
                "no process is attached to it, and it is persistent: `migrate_region` copies the \
                 values that both have, `unlink` or {rm} removes it"
            ),
        }
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
