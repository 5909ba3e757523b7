//! The contract on Linux.
//!
//! `unsafe` here: the lock commands that `rustix` lacks.
#![allow(unsafe_code)]

mod boot;
mod cancel;
mod description;
mod descriptors;
mod fences;
mod fork;
mod huge;
mod mapping;
mod memory;
mod placed;
mod thread;
mod users;
mod words;

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::thread::futex;
use rustix::time::{ClockId, Timespec};

use crate::sync::AtomicU32;

pub(crate) use boot::boot_id;
pub use cancel::Uncancelled;
pub(crate) use description::{Description, FileId};
pub(crate) use descriptors::{
    above_streams, create_new, names_among, names_in, open, open_at_once, read, read_text,
};
pub(crate) use fences::{accept_heavy_fences, heavy_fence, light_fence};
pub(crate) use fork::ForkPage;
pub(crate) use huge::huge_bytes;
pub(crate) use mapping::Mapping;
pub(crate) use memory::{MemoryOf, file_size_limit, free_memory};
pub(crate) use placed::{HUGE, How};
pub(crate) use thread::spawn_unsignalled;
pub(crate) use users::may_be_unmapped;
pub(crate) use words::{MOST_WORDS, Words, most_words};

/// Sleeps while `word` is `seen`, at most so long. Returns whether the whole time has passed.
pub(crate) fn futex_wait(word: &AtomicU32, seen: u32, at_most: Duration) -> bool {
    // No flag: most words are shared between processes, whose wakes a private wait would not see.
    let slept = futex::wait(word, futex::Flags::empty(), seen, Some(&timespec(at_most)));
    slept == Err(Errno::TIMEDOUT)
}

/// Sleeps, at most so long: a signal ends it, and the caller looks again. The standard library's
/// `sleep` begins anew with what is left, to which the kernel adds its slack of 50 µs each time.
/// Signals that come faster than that would keep it asleep for ever.
pub(crate) fn pause(at_most: Duration) {
    let _ = rustix::thread::nanosleep(&timespec(at_most));
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: duration.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

/// Wakes one sleeper on `word`.
pub(crate) fn futex_wake_one(word: &AtomicU32) {
    // Fails only for a bad address or flag, and this is neither.
    let _ = futex::wake(word, futex::Flags::empty(), 1);
}

/// Wakes all sleepers on `word`.
pub(crate) fn futex_wake_all(word: &AtomicU32) {
    // As above.
    let _ = futex::wake(word, futex::Flags::empty(), i32::MAX as u32);
}

fn nanos(clock: ClockId) -> u64 {
    let now = rustix::time::clock_gettime(clock);
    // Monotonic clocks start at boot, so neither conversion loses anything for 584 years.
    (now.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(now.tv_nsec as u64)
}

/// The monotonic clock as of the last tick of the kernel, in nanoseconds.
#[inline]
pub(crate) fn coarse_nanos() -> u64 {
    nanos(ClockId::MonotonicCoarse)
}

/// The monotonic clock, in nanoseconds.
#[inline]
pub(crate) fn precise_nanos() -> u64 {
    nanos(ClockId::Monotonic)
}

/// Locks on single bytes of a file that belong to the open file description. They end when its last
/// descriptor and its last mapping are gone, and a fork child shares them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteLock {
    Read,
    Write,
}

impl ByteLock {
    fn request(self, byte: i64) -> libc::flock {
        let kind = match self {
            Self::Read => libc::F_RDLCK,
            Self::Write => libc::F_WRLCK,
        };
        flock(kind, byte)
    }

    /// Acquires the lock if there is no conflicting one.
    pub(crate) fn try_take(self, file: &File, byte: i64) -> io::Result<bool> {
        match control(file, libc::F_OFD_SETLK, &mut self.request(byte)) {
            Ok(()) => Ok(true),
            Err(error) => match error.raw_os_error() {
                Some(libc::EAGAIN | libc::EACCES) => Ok(false),
                _ => Err(error),
            },
        }
    }

    /// The lock of another open file description that conflicts with this one, if there is any.
    pub(crate) fn conflict(self, file: &File, byte: i64) -> io::Result<Option<Self>> {
        self.conflict_among(file, byte, 1)
    }

    /// As [`conflict`](Self::conflict), on any of so many bytes.
    pub(crate) fn conflict_among(
        self,
        file: &File,
        first: i64,
        count: i64,
    ) -> io::Result<Option<Self>> {
        let mut request = self.request(first);
        request.l_len = count;
        control(file, libc::F_OFD_GETLK, &mut request)?;
        Ok(match i32::from(request.l_type) {
            libc::F_UNLCK => None,
            libc::F_RDLCK => Some(Self::Read),
            _ => Some(Self::Write),
        })
    }

    /// Gives up a lock of either kind.
    pub(crate) fn release(file: &File, byte: i64) -> io::Result<()> {
        control(file, libc::F_OFD_SETLK, &mut flock(libc::F_UNLCK, byte))
    }
}

fn flock(kind: i32, byte: i64) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte,
        l_len: 1,
        l_pid: 0, // required for locks of open file descriptions
    }
}

fn control(file: &File, command: libc::c_int, request: &mut libc::flock) -> io::Result<()> {
    loop {
        // SAFETY: the descriptor is open for as long as `file` is borrowed, and the two commands
        // read and write one `flock`, which `request` borrows exclusively.
        let result = unsafe { libc::fcntl(file.as_raw_fd(), command, &raw mut *request) };
        if result == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
