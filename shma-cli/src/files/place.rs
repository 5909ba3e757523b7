//! What a path leads to, for a program that writes there.
//!
//! `unsafe` here: borrowing a descriptor by its number.
#![allow(unsafe_code)]

use std::ffi::OsString;
use std::fs::{self, File, FileType, Metadata};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, Mode, OFlags};

/// As many links as the kernel follows.
const LINKS: usize = 40;

/// How a program writes to what the path leads to.
#[derive(Debug)]
pub(super) enum Place {
    /// Nothing is there, or a regular file.
    Replaced(Target),
    /// A FIFO, a device, or a descriptor.
    WrittenInto(File),
}

/// A name that is free, or that a regular file has.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) folder: PathBuf,
    pub(super) name: OsString,
    /// The file that is there.
    pub(super) old: Option<Old>,
}

/// What a new file has of the one that it replaces.
#[derive(Debug)]
pub(super) struct Old {
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// Follows links, and looks at what is behind them.
pub(super) fn find(path: &Path) -> io::Result<Place> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return target(&path, None),
            Err(error) => return Err(error),
        };
        if !found.is_symlink() {
            return present(&path, found);
        }
        if let Some(file) = descriptor(&path)? {
            return Ok(Place::WrittenInto(file));
        }
        let to = fs::read_link(&path)?;
        path = folder(&path).join(to);
    }
    Err(rustix::io::Errno::LOOP.into())
}

/// The directory that a path's last part is in.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn present(path: &Path, found: Metadata) -> io::Result<Place> {
    let kind = found.file_type();
    if kind.is_file() {
        // A rename would succeed, but a file that this process may not write is protected.
        rustix::fs::accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS)?;
        let old = Old { mode: found.mode(), uid: found.uid(), gid: found.gid() };
        return target(path, Some(old));
    }
    if !kind.is_fifo() && !kind.is_char_device() {
        return Err(refused(kind));
    }
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let opened = file.metadata()?;
    if (opened.dev(), opened.ino()) != (found.dev(), found.ino()) {
        return Err(io::Error::other("another file took its place just now; try again"));
    }
    Ok(Place::WrittenInto(file))
}

fn target(path: &Path, old: Option<Old>) -> io::Result<Place> {
    let text = path.as_os_str().as_bytes();
    let name = path.file_name().filter(|_| !text.ends_with(b"/"));
    let Some(name) = name.filter(|_| !text.ends_with(b"/.")) else {
        let reason = if text.is_empty() {
            "the name is empty; give the name of a file"
        } else {
            "this is the name of a directory; give the name of a file"
        };
        return Err(io::Error::new(io::ErrorKind::Unsupported, reason));
    };
    let folder = folder(path).to_owned();
    Ok(Place::Replaced(Target { folder, name: name.to_owned(), old }))
}

/// The error for a kind of file that is no place for data.
fn refused(kind: FileType) -> io::Error {
    let found = if kind.is_dir() {
        "it is a directory; give the name of a file in it"
    } else if kind.is_socket() {
        "it is a socket, which takes no data by its name; give the name of a file"
    } else if kind.is_block_device() {
        "it is a block device, whose contents would be lost; give the name of a file"
    } else {
        "it is neither a file, a FIFO nor a character device; give the name of a file"
    };
    io::Error::new(io::ErrorKind::Unsupported, found)
}

/// The descriptor that a link of `/proc` refers to. Its text is no path: it may name a file that
/// was deleted, or a pipe.
fn descriptor(path: &Path) -> io::Result<Option<File>> {
    let Ok(folder) = fs::canonicalize(folder(path)) else { return Ok(None) };
    let in_proc = folder.starts_with("/proc") && folder.ends_with("fd");
    let Some(name) = path.file_name().filter(|_| in_proc) else { return Ok(None) };
    let number = name.to_str().and_then(|name| name.parse().ok());
    if let Some(number) = number.filter(|_| is_own(&folder)) {
        return duplicate(number).map(Some);
    }
    let kind = fs::metadata(path)?.file_type();
    if !kind.is_file() && !kind.is_fifo() && !kind.is_char_device() {
        return Err(refused(kind));
    }
    let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(Some(File::from(rustix::fs::open(path, flags, Mode::empty())?)))
}

/// Whether these are the descriptors of this process.
fn is_own(folder: &Path) -> bool {
    ["/proc/self/fd", "/proc/thread-self/fd"]
        .iter()
        .any(|own| fs::canonicalize(own).is_ok_and(|own| own == folder))
}

/// Another descriptor of the same open file, so that it shares the position with the shell that
/// opened it.
fn duplicate(number: i32) -> io::Result<File> {
    // SAFETY: `/proc/self/fd` has just shown that the descriptor is open. The programs that use
    // this close no descriptor while they look for their destination, so it stays open for the
    // one call that borrows it.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    let file = File::from(rustix::io::fcntl_dupfd_cloexec(borrowed, 3)?);
    let flags = rustix::fs::fcntl_getfl(&file)?;
    if flags & OFlags::ACCMODE == OFlags::RDONLY {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the descriptor is open for reading only",
        ));
    }
    Ok(file)
}
