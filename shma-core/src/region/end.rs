//! How a region's name goes: with its last user, or because somebody removes it.
//!
//! `unsafe` here: ending a mapping before the attachment that holds it.
#![allow(unsafe_code)]

use std::fs::File;
use std::mem::ManuallyDrop;
use std::time::Instant;

use super::create::retire;
use super::lock::{ATTACHED, NAMED, Named};
use super::open::{check_file, foreign, fork_page, fstat, open_file, read_header};
use super::{DEADLINE, Name, PAUSE, Region, Terms, user};
use crate::error::Error;
use crate::manifest::Manifest;
use crate::mutant::mutant;
use crate::notify::Notify;
use crate::os::{ByteLock, FileId, pause};
use crate::stop::stop_point;

/// Removes the region's name. Those who are attached keep their memory, and learn of it.
pub(crate) fn unlink(name: &Name, manifest: &'static Manifest, terms: &Terms) -> Result<(), Error> {
    let end = Instant::now() + DEADLINE;
    let path = name.path();
    loop {
        let file = open_file(name, &path, true)?;
        let stat = fstat(name, &file)?;
        check_file(name, &stat, terms)?;
        if stat.st_uid != user() {
            return Err(foreign(name, &stat));
        }
        let header = read_header(name, &file)?;
        let named = Named { name, path: &path, file: &file, id: FileId::of(&stat) };
        let unlinked = named.locked(fork_page(name)?, &[NAMED], "unlink", || {
            stop_point!("unlink.locked");
            rustix::fs::unlink(&path)?;
            stop_point!("unlink.unlinked");
            retire(&file);
            Ok(true)
        })?;
        if unlinked {
            if header.fingerprint == manifest.fingerprint() {
                wake_waiters(name, file, manifest, terms);
            }
            return Ok(());
        }
        if Instant::now() >= end {
            return Err(name.timeout("removal"));
        }
        pause(PAUSE);
    }
}

/// Wakes those who wait for a publication. Those of another layout, and those whom a failure here
/// leaves asleep, look at the link count when their slice of sleep ends.
fn wake_waiters(name: &Name, file: File, manifest: &'static Manifest, terms: &Terms) {
    if let Ok(region) = super::open::map(name, file, manifest, terms, true) {
        region.controls().for_each(|control| Notify(&control.notify).wake_announced());
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        let again = if self.persistent || self.is_forked() { None } else { self.reopen() };
        // SAFETY: dropped here and nowhere else, and nothing below looks at the mapping.
        unsafe { ManuallyDrop::drop(&mut self.map) };
        if let Some(again) = again {
            // A fork child shares the lock A, also one that is about to exec, and a program may start
            // others at any time. Nobody would remove the name after it, so it does not count:
            // whoever wants to stay attaches anew. If this fails, closing does the same but for them.
            let _ = ByteLock::release(&self.file, ATTACHED);
            self.file = again;
            let _ = self.remove_if_last();
        }
    }
}

impl Region {
    /// The region's file as its name leads to it, if the name still does and this user may write.
    fn reopen(&self) -> Option<File> {
        let file = open_file(&self.name, &self.name.path(), true).ok()?;
        let id = FileId::of(&rustix::fs::fstat(&file).ok()?);
        (id == self.id).then_some(file)
    }

    /// Removes the name if nobody is attached. Whatever fails leaves a dead region, which the next
    /// creator replaces.
    ///
    /// Of two who leave at once the later one gets both locks: each has given up its own lock A
    /// before. Two that turned their read lock into a write lock in place would both fail.
    fn remove_if_last(&self) -> Result<bool, Error> {
        stop_point!("leave.closed");
        let path = self.name.path();
        let named = Named { name: &self.name, path: &path, file: &self.file, id: self.id };
        let bytes = if mutant!("leave-first") { &[NAMED][..] } else { &[ATTACHED, NAMED] };
        named.locked(self.fork, bytes, "unlink", || {
            stop_point!("leave.locked");
            rustix::fs::unlink(&path)?;
            Ok(true)
        })
    }
}
