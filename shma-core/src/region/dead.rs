//! Removing what has no attachment any more: dead regions, and unfinished ones.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{FileType, Stat};

use super::file::{fork_page, open_file};
use super::lock::{ATTACHED, Attempt, NAMED, Named, retire};
use super::owner::{Accepted, Owner, Users};
use super::stored::read_header;
use super::{DEADLINE, Directory, Name};
use crate::error::Error;
use crate::os::{self, ByteLock, FileId};
use crate::sync::stop_point;

/// What the file names of unfinished regions start with.
pub(super) const TEMPORARY: &str = "shma-tmp.";

/// How long a temporary file is until its creator has locked it. One that is longer and not locked
/// has lost its creator. The creator lengthens it under the lock, and a process that looks asks for
/// the length first and for the lock then.
pub(super) const UNLOCKED: usize = 1;

/// No creator takes this long from a temporary file to its lock.
const STALE: Duration = Duration::from_secs(60);

/// Removes the name of an ephemeral region without attachments. Returns whether it did: not if there is
/// one, or a process attaches meanwhile, or the region is persistent.
///
/// A process that opens it while this holds A for writing finds it on its way out, and retries.
pub(crate) fn remove_dead(name: &Name) -> Result<bool, Error> {
    name.check_stickiness()?;
    let path = name.path();
    let (file, stat) = open_file(name, &path, true, Accepted::Own)?;
    if read_header(name, &file)?.persistent {
        return Ok(false);
    }
    let named = Named { name, path: &path, file: &file, id: FileId::of(&stat) };
    let (fork, end) = (fork_page(name)?, Instant::now() + DEADLINE);
    let attempt = named.locked(fork, end, &[ATTACHED, NAMED], "unlink", || {
        stop_point!("remove.locked");
        rustix::fs::unlink(&path)?;
        retire(&file);
        Ok(())
    })?;
    Ok(attempt == Attempt::Done(()))
}

/// The files of regions in a directory that were not finished, or are about to be.
pub(crate) fn temporaries(directory: &Directory) -> Vec<PathBuf> {
    temporaries_among(directory, &mut 0)
}

/// The same; counts all names that there are.
fn temporaries_among(directory: &Directory, count: &mut usize) -> Vec<PathBuf> {
    let ours = |name: &OsStr| {
        *count += 1;
        let number = name.as_encoded_bytes().strip_prefix(TEMPORARY.as_bytes());
        number.is_some_and(|n| n.len() == 32 && n.iter().all(u8::is_ascii_hexdigit))
    };
    let names = os::names_among(directory.path(), ours).unwrap_or_default();
    names.into_iter().map(|name| directory.path().join(name)).collect()
}

/// What a creator left that died before its region had its name.
struct Dead {
    owner: Owner,
    /// That it takes of its file system.
    bytes: u64,
}

/// Whether the file is one that a creator has left. What cannot be looked at is none.
fn dead(path: &Path) -> Option<Dead> {
    let before = rustix::fs::lstat(path).ok()?;
    if FileType::from_raw_mode(before.st_mode) != FileType::RegularFile {
        return None;
    }
    // The name serves messages only, and there are none here.
    let name = Name::new(&Directory::USUAL, "sweep").ok()?;
    let anyone = Accepted::Trusted(&Users::Anyone);
    let (file, stat) = open_file(&name, path, false, anyone).ok()?;
    let was_locked = stat.st_size > UNLOCKED as i64;
    let age = || SystemTime::now().duration_since(modified(&stat)).unwrap_or_default();
    if !was_locked && age() < STALE {
        return None;
    }
    let is_locked = ByteLock::Write.conflict(&file, ATTACHED).ok()?.is_some();
    let owner = Owner::of(&file, &stat);
    (!is_locked).then(|| Dead { owner, bytes: u64::try_from(stat.st_blocks).unwrap_or(0) * 512 })
}

/// The bytes that the file takes of its file system, if a creator of this user has left it.
pub(crate) fn abandoned(path: &Path) -> Option<u64> {
    dead(path).filter(|dead| dead.owner == Owner::Own).map(|dead| dead.bytes)
}

/// Removes an abandoned file; whether it did.
pub(crate) fn remove_abandoned(path: &Path) -> bool {
    remove_until(path, Instant::now() + DEADLINE)
}

fn remove_until(path: &Path, end: Instant) -> bool {
    abandoned(path).is_some() && remove_unlocked(path, end).unwrap_or(false)
}

fn remove_unlocked(path: &Path, end: Instant) -> Result<bool, Error> {
    let name = Name::new(&Directory::USUAL, "sweep")?;
    let (file, stat) = open_file(&name, path, true, Accepted::Own)?;
    let named = Named { name: &name, path, file: &file, id: FileId::of(&stat) };
    let unlink = || rustix::fs::unlink(path);
    let attempt = named.locked(fork_page(&name)?, end, &[ATTACHED], "unlink", unlink)?;
    Ok(attempt == Attempt::Done(()))
}

/// What came of looking through a directory.
pub(super) struct Looked {
    /// Names that there are.
    pub(super) names: usize,
    /// Files that were removed.
    pub(super) removed: usize,
}

/// Removes from a directory what creators of this user left that died before the region had its
/// name.
pub(super) fn sweep(directory: &Directory, end: Instant) -> Looked {
    let mut names = 0;
    let temporaries = temporaries_among(directory, &mut names);
    let removed = temporaries.iter().filter(|path| remove_until(path, end)).count();
    Looked { names, removed }
}

/// Bytes that unfinished regions in a directory take which have lost their creators, as far as this
/// process may look.
pub(super) fn abandoned_bytes(directory: &Directory) -> u64 {
    temporaries(directory).iter().filter_map(|path| dead(path)).map(|dead| dead.bytes).sum()
}

fn modified(stat: &Stat) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(stat.st_mtime).unwrap_or(0))
}
