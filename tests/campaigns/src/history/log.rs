//! What one process notes, for another to read when it is done.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::time::{ClockId, clock_gettime};

use crate::linear::{Deed, History, Touch};

/// Calls, each as words: which of [`CALLS`] with the number of touches, beginning, end, and three
/// words a touch.
#[derive(Debug, Default)]
pub(super) struct Log {
    words: Vec<u64>,
}

/// What can be called.
const CALLS: [&str; 19] = [
    "read_into",
    "try_read",
    "read_newer",
    "read_range",
    "version",
    "wait_newer",
    "snapshot_into",
    "try_snapshot_into",
    "write",
    "update",
    "update_timeout",
    "update_with",
    "update_range",
    "transaction",
    "untyped read",
    "untyped snapshot",
    "hold",
    "hold part",
    "commit",
];

/// A file without a name for a log, and the path by which a child of this process finds it.
pub(super) fn paper() -> (File, String) {
    let file = File::from(memfd_create("history", MemfdFlags::CLOEXEC).unwrap());
    let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
    (file, path)
}

/// The clock of all calls.
pub(super) fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

impl Log {
    /// Makes a call and notes it, unless it has touched nothing.
    pub(super) fn call(&mut self, name: &str, call: impl FnOnce(&mut Touches<'_>)) {
        let which = CALLS.iter().position(|known| *known == name).expect("a call that is known");
        let header = self.words.len();
        self.words.extend([which as u64, now(), 0]);
        call(&mut Touches(&mut self.words));
        self.words[header + 2] = now();
        let touches = (self.words.len() - header - 3) / 3;
        self.words[header] |= (touches as u64) << 16;
        if touches == 0 {
            self.words.truncate(header);
        }
    }

    /// Writes all to a file.
    pub(super) fn save(&self, path: &str) {
        std::fs::write(path, bytemuck::cast_slice(&self.words)).unwrap();
    }

    /// Adds the calls to a history.
    pub(super) fn copy(&self, process: u16, history: &mut History) {
        let mut words = &self.words[..];
        while let [header, start, end, rest @ ..] = words {
            let (touches, rest) = rest.split_at(3 * (header >> 16) as usize);
            let touches: Vec<Touch> = touches.chunks(3).map(touch).collect();
            history.add(process, CALLS[usize::from(*header as u16)], [*start, *end], &touches);
            words = rest;
        }
        assert!(words.is_empty(), "half a call of process {process}");
    }
}

/// Adds to a history what was saved in a file.
pub(super) fn read(file: &File, process: u16, history: &mut History) {
    let length = file.metadata().unwrap().len() as usize;
    let mut words = vec![0; length / 8];
    file.read_exact_at(bytemuck::cast_slice_mut(&mut words), 0).unwrap();
    Log { words }.copy(process, history);
}

fn touch(words: &[u64]) -> Touch {
    let deed = if words[0] & PUBLISHED == 0 { Deed::Saw } else { Deed::Published };
    let checksum = (words[0] & BLIND == 0).then_some(words[2]);
    Touch { field: words[0] as u8 as usize, deed, version: words[1], checksum }
}

/// Bits beside the field's number.
const PUBLISHED: u64 = 1 << 8;
const BLIND: u64 = 1 << 9;

/// The touches of the call that is being made.
pub(super) struct Touches<'a>(&'a mut Vec<u64>);

impl Touches<'_> {
    /// It saw this value.
    pub(super) fn saw(&mut self, field: usize, version: u64, checksum: u64) {
        self.0.extend([field as u64, version, checksum]);
    }

    /// It saw that this was the version.
    pub(super) fn saw_version(&mut self, field: usize, version: u64) {
        self.0.extend([field as u64 | BLIND, version, 0]);
    }

    /// It published this value.
    pub(super) fn published(&mut self, field: usize, version: u64, checksum: u64) {
        self.0.extend([field as u64 | PUBLISHED, version, checksum]);
    }
}
