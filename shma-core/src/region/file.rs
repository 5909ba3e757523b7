//! A region's file, open, and the lock A on it.

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::path::Path;

use rustix::fs::{FileType, OFlags, Stat};
use rustix::io::Errno;

use super::Name;
use super::lock::ATTACHED;
use super::owner::{Accepted, Owner, user};
use crate::error::Error;
use crate::os::{self, ByteLock, Description, FileId, ForkPage};

/// Opens what has the name, without creating anything: a regular file of a user whose files are
/// accepted. The owner is looked at first, and without opening, which a squatter can make fail in
/// many ways: by a lease, a device, a FIFO.
pub(super) fn open_file(
    name: &Name,
    path: &Path,
    writable: bool,
    accepted: Accepted<'_>,
) -> Result<(File, Stat), Error> {
    let seen = look_at(name, path)?;
    let owner = Owner::of_unopened(&seen);
    let kind = check_kind(name, &seen);
    if !accepted.may_include(&seen) || kind.is_err() && !accepted.includes(owner) {
        return Err(foreign(name, &seen, owner));
    }
    kind?;
    let file = match try_open(path, writable) {
        Ok(file) => file,
        // The name may have gone on meanwhile.
        Err(errno) => {
            return Err(not_opened(name, &look_at(name, path)?, writable, accepted, errno));
        }
    };
    let stat = fstat(name, &file)?;
    let owner = Owner::of(&file, &stat);
    if !accepted.includes(owner) {
        return Err(foreign(name, &stat, owner));
    }
    check_kind(name, &stat)?;
    Ok((file, stat))
}

fn look_at(name: &Name, path: &Path) -> Result<Stat, Error> {
    rustix::fs::lstat(path).map_err(|errno| {
        if let (Errno::NOENT | Errno::NOTDIR, Err(error)) = (errno, name.check_directory()) {
            return error;
        }
        match errno {
            Errno::NOENT => name.not_found(),
            errno => name.io_in_directory("lstat", errno.into()),
        }
    })
}

/// Why a file cannot be opened: because it is another user's, or for its own sake.
fn not_opened(
    name: &Name,
    stat: &Stat,
    writable: bool,
    accepted: Accepted<'_>,
    errno: Errno,
) -> Error {
    let owner = Owner::of_unopened(stat);
    let refused = matches!(errno, Errno::ACCESS | Errno::PERM);
    if !accepted.includes(owner) || refused && !accepted.names(owner) {
        return foreign(name, stat, owner);
    }
    match errno {
        _ if refused => not_permitted(name, writable),
        Errno::AGAIN => leased(name),
        // It went, and another one has come since.
        Errno::NOENT => name.not_found(),
        errno => name.io("open", errno.into()),
    }
}

/// Links are not followed, and what is no file makes nothing wait.
const HOW: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

pub(super) fn try_open(path: &Path, writable: bool) -> Result<File, Errno> {
    os::open(path, HOW | if writable { OFlags::RDWR } else { OFlags::RDONLY })
}

/// As [`try_open`], for reading and writing, for a caller inside [`os::above_streams`].
pub(super) fn open_at_once(path: &Path) -> Result<File, Errno> {
    os::open_at_once(path, HOW | OFlags::RDWR)
}

/// The file is this user's or that of a user allowed by name, and only its mode is in the way.
fn not_permitted(name: &Name, writable: bool) -> Error {
    let what = if writable {
        "the file's mode does not let this user read and write it; open it read-only, or create it \
         with another mode (see `Options::mode`)"
    } else {
        "the file's mode does not let this user read it; create it with another one (see \
         `Options::mode`)"
    };
    name.io("open", io::Error::new(io::ErrorKind::PermissionDenied, what))
}

fn leased(name: &Name) -> Error {
    let what = "another process holds a lease on the file (fcntl F_SETLEASE); try again when it has \
                given that up";
    name.io("open", io::Error::new(io::ErrorKind::WouldBlock, what))
}

fn foreign(name: &Name, stat: &Stat, owner: Owner) -> Error {
    let unmapped = owner == Owner::Unmapped;
    Error::ForeignOwner {
        name: name.as_str().to_owned(),
        owner: stat.st_uid,
        user: user(),
        unmapped,
    }
}

/// A regular file.
fn check_kind(name: &Name, stat: &Stat) -> Result<(), Error> {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Symlink => "a symbolic link",
        FileType::Directory => "a directory",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        _ => "a device",
    };
    Err(name.not_a_region(format!("it is {kind} and no regular file; remove it by hand")))
}

/// A descriptor of the region's file, and what tells whether it is one.
///
/// A daemon closes all descriptors, also ones that are not its own. Their numbers go to other files
/// then, or to other descriptions of this one, which belong to other handles. None of them may be
/// locked, released, asked or closed in this one's place.
#[derive(Debug)]
pub(super) struct RegionFile {
    /// `None` once it was closed, in a region that is only looked at.
    file: Option<ManuallyDrop<File>>,
    description: Description,
    fork: ForkPage,
    generation: u64,
}

impl RegionFile {
    /// Without the lock yet.
    pub(super) fn new(name: &Name, file: File) -> Result<Self, Error> {
        let fork = fork_page(name)?;
        let description = mark(name, &file)?;
        let generation = fork.generation();
        Ok(Self { file: Some(ManuallyDrop::new(file)), description, fork, generation })
    }

    /// Acquires A; false if a process holds it for writing, to show that there is no attachment.
    pub(super) fn attach(&self, name: &Name) -> Result<bool, Error> {
        let taken = ByteLock::Read.try_take(self.get(), ATTACHED);
        taken.map_err(|error| name.io("fcntl(F_OFD_SETLK)", error))
    }

    /// Releases A.
    ///
    /// A fork child shares this lock, also one that is about to exec, but does not count as
    /// attached. It never removes the name, and has to open the region itself to stay. So the lock
    /// is released explicitly. If this fails, closing does the same, except where a child shares
    /// it.
    pub(super) fn detach(&self) {
        if let Some(file) = self.own() {
            give_up(file);
        }
    }

    /// The region's file, to be used where nothing can have closed it yet.
    ///
    /// # Panics
    ///
    /// If [`close`](Self::close) has.
    pub(super) fn get(&self) -> &File {
        self.file.as_ref().expect("the file of a region is closed after its last use")
    }

    /// The region's file, unless something else has its descriptor.
    pub(super) fn own(&self) -> Option<&File> {
        self.file.as_deref().filter(|file| self.description.is(file))
    }

    /// Closes the descriptor, unless it has become another file's.
    pub(super) fn close(&mut self) {
        let is_own = self.own().is_some();
        if let Some(file) = self.file.take().filter(|_| is_own) {
            drop(ManuallyDrop::into_inner(file));
        }
    }

    /// What the descriptor was opened for.
    pub(super) fn description(&self) -> Description {
        self.description
    }

    /// Whether the region's file has any name; false if something else has its descriptor.
    pub(super) fn is_linked(&self) -> bool {
        let stat = self.own().and_then(|file| rustix::fs::fstat(file).ok());
        stat.is_some_and(|stat| stat.st_nlink > 0)
    }

    pub(super) fn id(&self) -> FileId {
        self.description.file()
    }

    pub(super) fn fork(&self) -> ForkPage {
        self.fork
    }

    /// A number that no handle has that a process of another fork made.
    #[inline]
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the calling process got this through fork.
    #[inline]
    pub(super) fn is_forked(&self) -> bool {
        !self.fork.is(self.generation)
    }
}

impl Drop for RegionFile {
    fn drop(&mut self) {
        if let Some(file) = self.own().filter(|_| !self.is_forked()) {
            give_up(file);
        }
        self.close();
    }
}

fn give_up(file: &File) {
    let _ = ByteLock::release(file, ATTACHED);
}

pub(super) fn fstat(name: &Name, file: &File) -> Result<Stat, Error> {
    rustix::fs::fstat(file).map_err(|errno| name.io("fstat", errno.into()))
}

pub(super) fn mark(name: &Name, opened: &File) -> Result<Description, Error> {
    Description::mark(opened).map_err(|error| name.io("fstat, getrandom or lseek", error))
}

pub(super) fn fork_page(name: &Name) -> Result<ForkPage, Error> {
    ForkPage::get()
        .map_err(|error| name.io("mmap, madvise(MADV_WIPEONFORK) or pthread_atfork", error))
}
