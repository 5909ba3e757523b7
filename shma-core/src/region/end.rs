//! How a region's name goes: with its last attachment, or because a process removes it.
//!
//! `unsafe` here: ending a mapping and closing a file in their order.
#![allow(unsafe_code)]

use std::fs::File;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::Instant;

use rustix::io::Errno;

use super::access::ReadWrite;
use super::file::{RegionFile, fork_page, fstat, open_file, try_open};
use super::lock::{ATTACHED, Attempt, NAMED, Named, leads_to, retire};
use super::mapping::map;
use super::owner::Accepted;
use super::stored::{checked_manifest, read_header};
use super::{DEADLINE, Memory, Name, PAUSE, Pages, Region};
use crate::error::{Error, Place};
use crate::manifest::{Known, Manifest};
use crate::os::{FileId, pause};
use crate::protocol::notify::Notify;
use crate::sync::mutant;
use crate::sync::stop_point;

/// Removes the region's name. Attached processes keep their memory, and learn of it. `expected` is
/// most likely the region's manifest, and spares reading that.
pub(crate) fn unlink(
    name: &Name,
    expected: Option<&'static Manifest<'static>>,
) -> Result<(), Error> {
    let end = Instant::now() + DEADLINE;
    name.check_stickiness()?;
    let path = name.path();
    loop {
        let (file, stat) = open_file(name, &path, true, Accepted::Own)?;
        let header = read_header(name, &file)?;
        let named = Named { name, path: &path, file: &file, id: FileId::of(&stat) };
        let attempt = named.locked(fork_page(name)?, end, &[NAMED], "unlink", || {
            stop_point!("unlink.locked");
            rustix::fs::unlink(&path)?;
            stop_point!("unlink.unlinked");
            retire(&file);
            Ok(())
        })?;
        if attempt == Attempt::Done(()) {
            let manifest = match expected {
                Some(own) if own.fingerprint() == header.fingerprint => Ok(Known::Declared(own)),
                _ => checked_manifest(name, &file, &header).map(Known::Read),
            };
            if let Ok(manifest) = manifest {
                wake_waiters(name, file, manifest);
            }
            return Ok(());
        }
        if Instant::now() >= end {
            return Err(name.timeout(match attempt {
                Attempt::Forking => "waiting for other threads that fork",
                _ => "removal",
            }));
        }
        pause(PAUSE);
    }
}

/// Wakes the waiters for a publication. Waiters that a failure here leaves asleep look at the name
/// when their slice of sleep ends.
fn wake_waiters(name: &Name, file: File, manifest: Known) {
    let region = RegionFile::new(name, file)
        .and_then(|it| map::<ReadWrite>(name, it, manifest, Pages::Later));
    if let Ok(region) = region {
        wake_all(&region);
    }
}

fn wake_all(memory: &Memory) {
    memory.controls().for_each(|control| Notify(&control.notify).wake_announced());
}

impl Drop for Region {
    fn drop(&mut self) {
        let leaves = self.unlink_on_drop && !self.is_forked();
        if self.is_forked() {
            // The child has no such page, and may have something else at its address.
            let _gone = ManuallyDrop::new(self.token.take());
        }
        self.end_writing();
        let writable = self.writable;
        // What futures keep of it.
        let kept = Arc::downgrade(&self.memory);
        // SAFETY: dropped here and nowhere else, and nothing below looks at the memory by it.
        unsafe { ManuallyDrop::drop(&mut self.memory) };
        if leaves {
            self.file.detach();
            stop_point!("leave.closed");
            // Whatever fails leaves a dead region, which the next creator replaces.
            let _ = self.remove_if_last(writable);
            // Futures of other processes learn of it at the end of a slice of sleep.
            if let Some(memory) = kept.upgrade().filter(|memory| memory.may_store()) {
                wake_all(&memory);
            }
        }
        // SAFETY: likewise, nor at the file.
        unsafe { ManuallyDrop::drop(&mut self.file) };
    }
}

impl Region {
    /// The region's file as its name leads to it, if the name still does and this user may open it.
    pub(super) fn reopen(&self, writable: bool) -> Result<File, Error> {
        let retired = || Error::Retired { place: Place::new(self.name(), None) };
        let path = self.name.path();
        // Looked at before, because to open what is no file can do something.
        if !leads_to(&path, self.file.id()) {
            return Err(retired());
        }
        let file = match try_open(&path, writable) {
            Err(Errno::NOENT) => return Err(retired()),
            opened => opened.map_err(|errno| self.name.io("open", errno.into()))?,
        };
        let stat = fstat(&self.name, &file)?;
        if FileId::of(&stat) == self.file.id() { Ok(file) } else { Err(retired()) }
    }

    /// Removes the name if there is no attachment. The caller has released its own lock A.
    ///
    /// If two attachments leave at once, the later one acquires both locks, because each has
    /// released its own before. Two that turned their read lock into a write lock in place would
    /// both fail.
    fn remove_if_last(&self, writable: bool) -> Result<(), Error> {
        // A descriptor for reading takes no write locks.
        let own = self.file.own().filter(|_| writable);
        let reopened = if own.is_none() { self.reopen(true).ok() } else { None };
        let Some(file) = own.or(reopened.as_ref()) else { return Ok(()) };
        let (path, id) = (self.name.path(), self.file.id());
        let named = Named { name: &self.name, path: &path, file, id };
        let bytes = if mutant!("leave-first") { &[NAMED][..] } else { &[ATTACHED, NAMED] };
        // If another process holds a lock, it is attached, or removes the name itself.
        named.locked(self.file.fork(), Instant::now() + DEADLINE, bytes, "unlink", || {
            stop_point!("leave.locked");
            rustix::fs::unlink(&path)
        })?;
        Ok(())
    }
}
