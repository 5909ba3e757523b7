//! A file that takes another one's name once it is complete.
//!
//! It is written under a hidden name beside its target, `.NAME.shma-tmp.` and 16 hexadecimal digits. Then it
//! goes to the disk, takes the target's name, and the directory goes to the disk. A process that dies on the
//! way leaves the target as it was, or complete.
//!
//! The process holds a lock (`flock`) on the file as long as it is unfinished. A hidden file whose lock is
//! free has lost its process, and the next checkpoint to the same target deletes it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, FileType, FlockOperation, Gid, Mode, OFlags, Stat, Uid};
use rustix::io::Errno;

use crate::error::{Error, Space};
use crate::os;
use crate::sync::mutant;

/// What stands between the target's name and the digits.
const MARK: &[u8] = b".shma-tmp.";

/// Bytes that are written in one call.
const BLOCK: usize = 16 << 20;

/// Hexadecimal digits of a hidden name.
const DIGITS: usize = 16;

/// So much of the target's name is part of the hidden one: a name of a file has at most 255 bytes.
const MOST_OF_NAME: usize = 200;

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Replacement<'a> {
    file: File,
    hidden: Hidden,
    target: Target,
    /// The region that is saved, and the bytes that it takes, for errors.
    region: &'a str,
    total: u64,
}

/// The name of a file that is not complete. Dropped, it is deleted.
#[derive(Debug)]
struct Hidden(PathBuf);

impl Drop for Hidden {
    fn drop(&mut self) {
        // Fails if it has been renamed. If it stays, the next checkpoint sweeps it.
        let _ = rustix::fs::unlink(&self.0);
    }
}

/// The file that is replaced.
#[derive(Debug)]
struct Target {
    path: PathBuf,
    directory: PathBuf,
    /// How its hidden names begin.
    prefix: Vec<u8>,
    /// The regular file that is there.
    old: Option<Stat>,
}

impl<'a> Replacement<'a> {
    pub(super) fn create(path: &Path, region: &'a str, total: u64) -> Result<Self, Error> {
        let target = Target::find(path)?;
        if total > os::file_size_limit() {
            return Err(failed(path, "write", Errno::FBIG.into()));
        }
        if !mutant!("checkpoint-unswept") {
            target.sweep();
        }
        let (file, hidden) = match target.make_hidden() {
            Err(Errno::NOSPC) => return Err(target.no_space(region, total)),
            made => made.map_err(|errno| failed(path, "creating a file beside", errno.into()))?,
        };
        if mutant!("checkpoint-named-first") {
            let _ = rustix::fs::rename(&hidden.0, &target.path);
        }
        Ok(Self { file, hidden, target, region, total })
    }

    /// In blocks, so that what the kernel has counted tells how far it is.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = bytes.chunks(BLOCK).try_for_each(|block| self.file.write_all(block));
        written.map_err(|error| self.failed("write", error))
    }

    /// Gives the complete file its name.
    pub(super) fn finish(self) -> Result<(), Error> {
        self.inherit().map_err(|error| self.failed("fchmod", error))?;
        // A file system may find out only now that it has no room.
        self.file.sync_all().map_err(|error| self.failed("fsync", error))?;
        // It may have become something else meanwhile.
        Target::find(&self.target.path)?;
        let renamed = rustix::fs::rename(&self.hidden.0, &self.target.path);
        renamed.map_err(|errno| self.failed("rename", errno.into()))?;
        self.target
            .sync_directory()
            .map_err(|error| self.failed("fsync of the directory of", error))
    }

    /// Gives the file the mode of the one that it replaces, and its owner as far as the user may.
    fn inherit(&self) -> io::Result<()> {
        let Some(old) = &self.target.old else { return Ok(()) };
        let new = rustix::fs::fstat(&self.file)?;
        let mut mode = Mode::from_raw_mode(old.st_mode) & Mode::from_raw_mode(0o777);
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid) {
            let (uid, gid) = (Uid::from_raw(old.st_uid), Gid::from_raw(old.st_gid));
            let both = rustix::fs::fchown(&self.file, Some(uid), Some(gid));
            if both.or_else(|_| rustix::fs::fchown(&self.file, None, Some(gid))).is_err() {
                // The bits are those of another group.
                mode -= Mode::RWXG;
            }
        }
        Ok(rustix::fs::fchmod(&self.file, mode)?)
    }

    fn failed(&self, call: &'static str, error: io::Error) -> Error {
        match error.raw_os_error() {
            Some(libc::ENOSPC) => self.target.no_space(self.region, self.total),
            _ => failed(&self.target.path, call, error),
        }
    }
}

impl Target {
    /// What a path leads to: a regular file, or a free name.
    fn find(path: &Path) -> Result<Self, Error> {
        let fail = |error| failed(path, "replacing", error);
        let refuse = |reason: &str| fail(io::Error::new(io::ErrorKind::InvalidInput, reason));
        let text = path.as_os_str().as_bytes();
        if text.is_empty() || text.ends_with(b"/") || text.ends_with(b"/.") {
            return Err(refuse("this is no name of a file; give one"));
        }
        // A link stays, and what it leads to is replaced.
        let is_link = path.symlink_metadata().is_ok_and(|found| found.is_symlink());
        let path = if is_link { path.canonicalize() } else { std::path::absolute(path) };
        let path = path.map_err(fail)?;
        let old = match rustix::fs::lstat(&path) {
            Ok(found) => Some(found),
            Err(Errno::NOENT) => None,
            Err(errno) => return Err(fail(errno.into())),
        };
        if let Some(old) = &old {
            match FileType::from_raw_mode(old.st_mode) {
                FileType::RegularFile => {}
                FileType::Directory => {
                    return Err(refuse("it is a directory; give the name of a file in it"));
                }
                _ => return Err(refuse("it is no regular file; give the name of one")),
            }
            // A rename would succeed, but a file that this process may not write is protected.
            let may = rustix::fs::accessat(CWD, &path, Access::WRITE_OK, AtFlags::EACCESS);
            may.map_err(|errno| fail(errno.into()))?;
        }
        let (Some(name), Some(directory)) = (path.file_name(), path.parent()) else {
            return Err(refuse("this is no name of a file; give one"));
        };
        let name = name.as_bytes();
        let prefix = [b".", &name[..name.len().min(MOST_OF_NAME)], MARK].concat();
        Ok(Self { directory: directory.to_owned(), prefix, old, path })
    }

    /// Deletes hidden files whose processes are dead.
    fn sweep(&self) {
        let hidden = os::names_among(&self.directory, |name| self.is_hidden(name));
        for name in hidden.unwrap_or_default() {
            remove_unlocked(&self.directory.join(name));
        }
    }

    fn is_hidden(&self, name: &OsStr) -> bool {
        let digits = name.as_bytes().strip_prefix(&self.prefix[..]);
        digits.is_some_and(|it| it.len() == DIGITS && it.iter().all(u8::is_ascii_hexdigit))
    }

    fn make_hidden(&self) -> rustix::io::Result<(File, Hidden)> {
        // What replaces a file is not open to more users than the file, not even for a moment.
        let mode = Mode::from_raw_mode(if self.old.is_some() { 0o600 } else { 0o666 });
        loop {
            let mut name = self.prefix.clone();
            write_digits(&mut name)?;
            let path = self.directory.join(OsString::from_vec(name));
            let file = match os::create_new(&path, mode) {
                Err(Errno::EXIST) => continue,
                made => made?,
            };
            let hidden = Hidden(path);
            // A sweep may come between the two calls: then the file is gone, or about to be.
            if try_lock(&file)? && rustix::fs::fstat(&file)?.st_nlink > 0 {
                return Ok((file, hidden));
            }
        }
    }

    fn sync_directory(&self) -> io::Result<()> {
        match os::open(&self.directory, OFlags::RDONLY | OFlags::DIRECTORY)?.sync_all() {
            // A file system whose directories need none.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
            done => done,
        }
    }

    fn no_space(&self, region: &str, needed: u64) -> Error {
        let free = rustix::fs::statvfs(&self.directory).map(|it| it.f_bavail * it.f_frsize);
        Error::NoSpace {
            name: region.to_owned(),
            directory: self.directory.clone(),
            needed,
            free: free.unwrap_or(0),
            space: Space::Checkpoint,
            abandoned: 0,
        }
    }
}

/// Deletes a file unless a process holds its lock.
fn remove_unlocked(path: &Path) {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let Ok(file) = os::open(path, flags) else { return };
    let is_file = rustix::fs::fstat(&file)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
    if is_file && flock(&file).is_ok() {
        // If this fails, the directory is another user's.
        let _ = rustix::fs::unlink(path);
    }
}

fn flock(file: &File) -> rustix::io::Result<()> {
    let operation = FlockOperation::NonBlockingLockExclusive;
    rustix::io::retry_on_intr(|| rustix::fs::flock(file, operation))
}

/// Acquires the lock of a new file; false if a sweep has it. Where there are no such locks, no sweep can
/// acquire one either.
fn try_lock(file: &File) -> rustix::io::Result<bool> {
    match flock(file) {
        Ok(()) | Err(Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno),
    }
}

fn write_digits(name: &mut Vec<u8>) -> rustix::io::Result<()> {
    let mut random = [0; DIGITS / 2];
    rustix::rand::getrandom(&mut random[..], rustix::rand::GetRandomFlags::empty())?;
    name.extend(format!("{:0DIGITS$x}", u64::from_ne_bytes(random)).bytes());
    Ok(())
}

fn failed(path: &Path, call: &'static str, source: io::Error) -> Error {
    Error::File { path: path.to_owned(), call, source }
}
