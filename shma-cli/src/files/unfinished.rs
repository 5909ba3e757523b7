//! A file that has no name until it is complete.
//!
//! Where the file system permits it (`O_TMPFILE`) the file has no name at all while it is written,
//! so whatever ends the process leaves nothing. Before the file is renamed over the old one it has
//! a hidden name beside it for a moment; on other file systems it has that name from the start.
//!
//! The process holds a lock (`flock`) on the file as long as the file is unfinished. A hidden file
//! whose lock is free has lost its process, and the next program that writes into the same
//! directory removes it.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use rustix::fs::{AtFlags, CWD, Dir, FileType, FlockOperation, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use super::place::Target;

/// How the names of unfinished files begin.
const HIDDEN: &str = ".shma-unfinished.";

/// A file that is being written. Dropped, it is gone.
#[derive(Debug)]
pub(super) struct Unfinished {
    folder: OwnedFd,
    file: File,
    /// Its hidden name, if it has one.
    hidden: Option<String>,
    target: Target,
}

impl Unfinished {
    pub(super) fn create(target: Target) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&target.folder, flags, Mode::empty())?;
        sweep(&folder);
        // What replaces a file must not be open to more users than the file, not even for a moment.
        let mode = if target.old.is_some() { 0o600 } else { 0o666 };
        let mode = Mode::from_raw_mode(mode);
        if let Some(file) = without_name(&folder, mode) {
            return Ok(Self { folder, file, hidden: None, target });
        }
        let (file, hidden) = with_name(&folder, mode)?;
        Ok(Self { folder, file, hidden: Some(hidden), target })
    }

    /// One more descriptor of the file.
    pub(super) fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Replaces the target. Returns whether the replaced file has other names.
    pub(super) fn finish(mut self) -> io::Result<bool> {
        self.inherit()?;
        // A file system may find out only now that it has no room.
        self.file.sync_all()?;
        if self.hidden.is_none() {
            self.hidden = Some(self.link()?);
        }
        let others = self.check_target()?;
        let (Some(hidden), name) = (&self.hidden, &self.target.name) else { return Ok(others) };
        rustix::fs::renameat(&self.folder, hidden, &self.folder, name)?;
        self.hidden = None;
        Ok(others)
    }

    /// Gives the file the mode of the one that it replaces, and its owner as far as the user may.
    fn inherit(&self) -> io::Result<()> {
        let Some(old) = &self.target.old else { return Ok(()) };
        let new = self.file.metadata()?;
        let mut mode = old.mode & 0o777;
        if (old.uid, old.gid) != (new.uid(), new.gid()) {
            let (uid, gid) = (Uid::from_raw(old.uid), Gid::from_raw(old.gid));
            let both = rustix::fs::fchown(&self.file, Some(uid), Some(gid));
            if both.or_else(|_| rustix::fs::fchown(&self.file, None, Some(gid))).is_err() {
                // The bits are those of another group.
                mode &= !0o070;
            }
        }
        Ok(rustix::fs::fchmod(&self.file, Mode::from_raw_mode(mode))?)
    }

    /// Gives a file without a name a hidden one.
    fn link(&self) -> io::Result<String> {
        let by_number = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        numbered(|name| {
            let follow = AtFlags::SYMLINK_FOLLOW;
            rustix::fs::linkat(CWD, by_number.as_str(), &self.folder, name, follow)
        })
        .map(|((), name)| name)
    }

    /// Looks whether the target has become another kind of file, and whether it has other names.
    fn check_target(&self) -> io::Result<bool> {
        match rustix::fs::statat(&self.folder, &self.target.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {
                Ok(stat.st_nlink > 1)
            }
            Ok(_) => Err(io::Error::other("it stopped being a regular file just now; try again")),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(hidden) = &self.hidden {
            // If this fails, the next program sweeps it.
            let _ = rustix::fs::unlinkat(&self.folder, hidden, AtFlags::empty());
        }
    }
}

/// A file without a name, where there can be one, and where it can get one later.
fn without_name(folder: &OwnedFd, mode: Mode) -> Option<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat(folder, ".", flags, mode).ok()?);
    std::fs::exists(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()?.then_some(())?;
    // Locked before it has a name. Without locks there is no sweep either.
    let _ = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive);
    Some(file)
}

/// A file with a hidden name.
fn with_name(folder: &OwnedFd, mode: Mode) -> io::Result<(File, String)> {
    loop {
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::RDWR | OFlags::CLOEXEC;
        let (file, name) = numbered(|name| rustix::fs::openat(folder, name, flags, mode))?;
        // A sweep may come between the two calls: then the file is gone, or about to be.
        let lock = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive);
        if lock != Err(Errno::WOULDBLOCK) && rustix::fs::fstat(&file)?.st_nlink > 0 {
            return Ok((File::from(file), name));
        }
    }
}

/// Calls with one hidden name after the other, until one is free.
fn numbered<T>(mut call: impl FnMut(&str) -> rustix::io::Result<T>) -> io::Result<(T, String)> {
    let process = std::process::id();
    let mut number = 0_u64;
    loop {
        let name = format!("{HIDDEN}{process}.{number}");
        match call(&name) {
            Ok(done) => return Ok((done, name)),
            Err(Errno::EXIST) => number += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Removes what dead processes of this user have left in the directory. Whatever cannot be looked
/// at stays.
fn sweep(folder: &OwnedFd) {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(folder, ".", flags, Mode::empty());
    let Some(entries) = opened.ok().and_then(|folder| Dir::new(folder).ok()) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_bytes().starts_with(HIDDEN.as_bytes()) {
            let _ = remove_dead(folder, entry.file_name());
        }
    }
}

fn remove_dead(folder: &OwnedFd, name: &CStr) -> rustix::io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::openat(folder, name, flags, Mode::empty())?;
    let stat = rustix::fs::fstat(&file)?;
    let is_ours = stat.st_uid == rustix::process::geteuid().as_raw();
    if !is_ours || FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Ok(());
    }
    rustix::fs::flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive)?;
    let named = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if (named.st_dev, named.st_ino) == (stat.st_dev, stat.st_ino) {
        rustix::fs::unlinkat(folder, name, AtFlags::empty())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::fd::OwnedFd;

    use rustix::fs::Mode;

    use super::super::place::Target;
    use super::{Unfinished, sweep, with_name};

    fn target(folder: &tempfile::TempDir) -> Target {
        Target { folder: folder.path().to_owned(), name: "target".into(), old: None }
    }

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn descriptor(folder: &tempfile::TempDir) -> OwnedFd {
        fs::File::open(folder.path()).unwrap().into()
    }

    /// As on a file system where a file needs a name from the start.
    fn named(folder: &tempfile::TempDir) -> Unfinished {
        let directory = descriptor(folder);
        let (file, hidden) = with_name(&directory, Mode::from_raw_mode(0o600)).unwrap();
        Unfinished { folder: directory, file, hidden: Some(hidden), target: target(folder) }
    }

    #[test]
    fn a_file_with_a_hidden_name_replaces_its_target_or_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (named(&folder), named(&folder));
        assert_eq!(names(&folder).len(), 2);
        drop(one);
        assert_eq!(names(&folder).len(), 1);
        other.finish().unwrap();
        assert_eq!(names(&folder), ["target"]);
    }

    /// A sweep takes what no process holds any more, and only that.
    #[test]
    fn a_sweep_leaves_the_files_of_the_living() {
        let folder = tempfile::tempdir().unwrap();
        let directory = descriptor(&folder);
        let (file, dead) = with_name(&directory, Mode::from_raw_mode(0o600)).unwrap();
        let living = named(&folder);
        sweep(&directory);
        assert_eq!(names(&folder).len(), 2);
        // What the end of a process does to its descriptors.
        drop(file);
        sweep(&directory);
        assert_eq!(names(&folder), [living.hidden.clone().unwrap()]);
        assert_ne!(living.hidden, Some(dead));
    }

    /// The directory can be renamed, and the name taken by something else, while a file is written.
    #[test]
    fn a_target_that_became_a_directory_stays() {
        let folder = tempfile::tempdir().unwrap();
        let unfinished = Unfinished::create(target(&folder)).unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        assert!(unfinished.finish().is_err());
        assert_eq!(names(&folder), ["target"]);
    }
}
