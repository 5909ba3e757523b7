//! Descriptors, none of them with the number of a standard stream.
//!
//! A process whose standard streams are closed gives their numbers to what it opens next. What it
//! prints afterwards would then be written into a region. So 0, 1 and 2 are occupied while the
//! library opens anything, by descriptors that can be neither read nor written.
//!
//! - Two threads of the library: the second would rely on what the first occupies, and the first
//!   would free it too early. One thread at a time opens, therefore.
//! - A thread of the program closes a standard stream after the look at it and before the opening.
//!   The descriptor moves at once; between these two system calls it has the low number.
//! - A thread of the program opens a file while a number is occupied, and expects that number. No
//!   library that opens files can prevent it.
//! - A thread of the program puts a stream of its own on an occupied number (`dup2`). It stays: what is
//!   closed at the end is looked at before.
//! - A child of a fork at this moment inherits what occupies the numbers. That reads and writes
//!   nothing, and `exec` closes it.
//!
//! `unsafe` here: asking whether a number is open, and the numbers of standard streams.
#![allow(unsafe_code)]

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{Dir, Mode, OFlags};
use rustix::io::Errno;

use super::{FileId, ForkPage, futex_wait, futex_wake_one};
use crate::sync::{AtomicU32, Ordering};

/// The first number that is no standard stream's.
const FIRST: RawFd = libc::STDERR_FILENO + 1;

/// How long a thread waits for others that open. Without them it takes its chance: a descriptor that
/// gets a low number still moves.
const AT_MOST: Duration = Duration::from_secs(1);

/// What occupies a number; it exists everywhere.
const PLACEHOLDER: &str = "/";

/// Opens a file, close-on-exec, with a number above those of the standard streams.
pub(crate) fn open(path: &Path, flags: OFlags) -> rustix::io::Result<File> {
    above_streams(|| open_at_once(path, flags))
}

/// As [`open`], for a caller inside [`above_streams`]. It allocates nothing.
pub(crate) fn open_at_once(path: &Path, flags: OFlags) -> rustix::io::Result<File> {
    let opened = rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty())?;
    lift(opened).map(File::from)
}

/// Creates a file for reading and writing, close-on-exec, where there is nothing of the name.
pub(crate) fn create_new(path: &Path, mode: Mode) -> rustix::io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    above_streams(|| lift(rustix::fs::open(path, flags, mode)?).map(File::from))
}

/// Reads a whole file.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path, OFlags::RDONLY)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a whole file of text.
pub(crate) fn read_text(path: impl AsRef<Path>) -> io::Result<String> {
    let mut text = String::new();
    open(path.as_ref(), OFlags::RDONLY)?.read_to_string(&mut text)?;
    Ok(text)
}

/// The names of what is in a directory. An entry that cannot be read ends the list.
pub(crate) fn names_in(path: &Path) -> io::Result<Vec<OsString>> {
    names_among(path, |_| true)
}

/// As [`names_in`], those names that `which` wants.
pub(crate) fn names_among(
    path: &Path,
    mut which: impl FnMut(&OsStr) -> bool,
) -> io::Result<Vec<OsString>> {
    let entries = Dir::new(open(path, OFlags::RDONLY | OFlags::DIRECTORY)?)?;
    let wanted = entries.map_while(Result::ok).filter_map(|entry| {
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        (name != "." && name != ".." && which(name)).then(|| name.to_owned())
    });
    Ok(wanted.collect())
}

/// Runs `open`, which opens files, while no number of a standard stream is free.
///
/// Where no thread may fork, this comes first: a thread that waits here may hold what another one
/// needs to fork.
pub(crate) fn above_streams<T>(open: impl FnOnce() -> T) -> T {
    let _alone = Alone::enter();
    let _occupied = Occupied::take();
    open()
}

/// Moves a descriptor away from the numbers of the standard streams. The open file description, and
/// the locks that it has, stay the same.
fn lift(descriptor: OwnedFd) -> rustix::io::Result<OwnedFd> {
    if descriptor.as_raw_fd() >= FIRST {
        return Ok(descriptor);
    }
    rustix::io::fcntl_dupfd_cloexec(&descriptor, FIRST)
}

/// What occupies the numbers of standard streams that were free. Dropped, it frees them.
struct Occupied([Option<OwnedFd>; FIRST as usize]);

impl Occupied {
    fn take() -> Self {
        let mut taken = [const { None }; FIRST as usize];
        if (0..FIRST).all(is_open) {
            return Self(taken);
        }
        for place in &mut taken {
            // Each call gets the lowest free number. Where it fails, what follows fails as well.
            match placeholder() {
                Ok(descriptor) if descriptor.as_raw_fd() < FIRST => *place = Some(descriptor),
                _ => break,
            }
        }
        Self(taken)
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        for descriptor in self.0.iter_mut().filter_map(Option::take) {
            if !is_placeholder(&descriptor) {
                // Another thread has put a stream of its own there.
                let _number = descriptor.into_raw_fd();
            }
        }
    }
}

fn placeholder() -> rustix::io::Result<OwnedFd> {
    rustix::fs::open(PLACEHOLDER, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
}

fn is_placeholder(descriptor: &OwnedFd) -> bool {
    let is_path = rustix::fs::fcntl_getfl(descriptor).is_ok_and(|it| it.contains(OFlags::PATH));
    let (found, placed) = (rustix::fs::fstat(descriptor), rustix::fs::stat(PLACEHOLDER));
    let same = |found, placed| FileId::of(&found) == FileId::of(&placed);
    is_path && found.is_ok_and(|found| placed.is_ok_and(|placed| same(found, placed)))
}

fn is_open(number: RawFd) -> bool {
    // SAFETY: asks for the flags of a number, whatever it refers to, and touches no memory.
    let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
    flags != -1 || Errno::from_io_error(&io::Error::last_os_error()) != Some(Errno::BADF)
}

/// In the word of [`Alone`]: no thread opens; one does; one does and others may sleep.
const FREE: u32 = 0;
const OPENING: u32 = 1;
const AWAITED: u32 = 2;

/// Keeps other threads from opening. The word lies in the page that a fork wipes, so a child never
/// waits for a thread that it has no copy of.
struct Alone(Option<&'static AtomicU32>);

impl Alone {
    fn enter() -> Self {
        // Without the page there is no attaching either.
        let Ok(page) = ForkPage::get() else { return Self(None) };
        let word = page.opening();
        let end = Instant::now() + AT_MOST;
        // Acquire, with the Release of `drop`: what the other thread occupied is free again.
        // Relaxed on failure: nothing follows from it.
        let taken = word.compare_exchange(FREE, OPENING, Ordering::Acquire, Ordering::Relaxed);
        if taken.is_ok() {
            return Self(Some(word));
        }
        // Acquire: as above.
        while word.swap(AWAITED, Ordering::Acquire) != FREE {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Self(None);
            }
            futex_wait(word, AWAITED, left);
        }
        Self(Some(word))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let Some(word) = self.0 else { return };
        // Release, with the Acquire of `enter`.
        if word.swap(FREE, Ordering::Release) == AWAITED {
            futex_wake_one(word);
        }
    }
}
