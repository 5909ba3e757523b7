//! Removing what nobody is attached to any more: dead regions, and unfinished ones.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::Stat;

use super::file::{fork_page, fstat};
use super::lock::{ATTACHED, NAMED, Named, retire};
use super::name::DIRECTORY;
use super::open::{foreign, open_file, read_header};
use super::{DEADLINE, Name, user};
use crate::error::Error;
use crate::os::{self, ByteLock, FileId};
use crate::sync::stop_point;

/// What the file names of unfinished regions start with.
pub(super) const TEMPORARY: &str = "shma-tmp.";

/// Nobody takes this long from a temporary file to its lock.
const STALE: Duration = Duration::from_secs(60);

/// Removes the name of an ephemeral region to which nobody is attached. Whether it did: not if
/// somebody is, or came in between, or if it is persistent.
///
/// Whoever opens it while this holds A for writing finds it on its way out, and starts again.
pub(crate) fn remove_dead(name: &Name) -> Result<bool, Error> {
    let path = name.path();
    let file = open_file(name, &path, true)?;
    let stat = fstat(name, &file)?;
    if stat.st_uid != user() {
        return Err(foreign(name, &stat));
    }
    if read_header(name, &file)?.persistent {
        return Ok(false);
    }
    let named = Named { name, path: &path, file: &file, id: FileId::of(&stat) };
    named.locked(fork_page(name)?, Instant::now() + DEADLINE, &[ATTACHED, NAMED], "unlink", || {
        stop_point!("remove.locked");
        rustix::fs::unlink(&path)?;
        retire(&file);
        Ok(true)
    })
}

/// The files of regions that were not finished, or are about to be.
pub(crate) fn temporaries() -> Vec<PathBuf> {
    let names = os::names_in(DIRECTORY.as_ref()).unwrap_or_default();
    let ours = |name: &OsString| {
        let number = name.as_encoded_bytes().strip_prefix(TEMPORARY.as_bytes());
        number.is_some_and(|n| n.len() == 32 && n.iter().all(u8::is_ascii_hexdigit))
    };
    names.into_iter().filter(ours).map(|name| Path::new(DIRECTORY).join(name)).collect()
}

/// Whether the file is one that a creator of this user left who died before he gave it a name.
/// What cannot be looked at is none.
pub(crate) fn is_abandoned(path: &Path) -> bool {
    abandoned(path).is_some()
}

fn abandoned(path: &Path) -> Option<Stat> {
    // The name serves messages only, and there are none here.
    let name = Name::new("sweep").ok()?;
    let before = rustix::fs::lstat(path).ok()?;
    let age = SystemTime::now().duration_since(modified(&before)).ok()?;
    if before.st_uid != user() || age < STALE {
        return None;
    }
    let file = open_file(&name, path, false).ok()?;
    ByteLock::Write.conflict(&file, ATTACHED).ok()?.is_none().then_some(before)
}

/// Removes an abandoned file; whether it did.
pub(crate) fn remove_abandoned(path: &Path) -> bool {
    remove_until(path, Instant::now() + DEADLINE)
}

fn remove_until(path: &Path, end: Instant) -> bool {
    abandoned(path).is_some() && remove_unlocked(path, end).unwrap_or(false)
}

fn remove_unlocked(path: &Path, end: Instant) -> Result<bool, Error> {
    let name = Name::new("sweep")?;
    let file = open_file(&name, path, true)?;
    let named = Named { name: &name, path, file: &file, id: FileId::of(&fstat(&name, &file)?) };
    named.locked(fork_page(&name)?, end, &[ATTACHED], "unlink", || {
        rustix::fs::unlink(path)?;
        Ok(true)
    })
}

/// Removes what creators of this user left who died before they gave it a name.
pub(super) fn sweep(end: Instant) {
    for path in temporaries() {
        remove_until(&path, end);
    }
}

fn modified(stat: &Stat) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(stat.st_mtime).unwrap_or(0))
}
