//! Whether all that a region holds has reached its file system, and in which run of the machine it
//! was used last.
//!
//! After a power cut, pages of a region on a disk are of several moments. So the last process that
//! could write writes everything out and then marks the region clean. The first that can write
//! again removes the mark, on the disk too, before it writes anything else. A region that another
//! run of the machine has used and that is not marked is *unclean*.
//!
//! | mark | means | stored by |
//! |---|---|---|
//! | 0, in use | on the disk it is not "clean" either | creation; an attacher, over its own 2, once that has reached the disk |
//! | 1, clean | nothing was written since everything was written out | a leaver, over its own mark |
//! | 2, beginning | an attacher waits for it to reach the disk | an attacher, over anything but 0 |
//! | `id << 2 \| 3`, leaving | the owner of this id is writing everything out | a leaver, over anything |
//!
//! **Attaching.** The token comes first, then the id of the run, then 2, then the page goes to the
//! disk, then 0. The id goes before 2, so at every instant the disk says "clean", or names this run.
//! An attacher that finds 2 does all of it too: the one before may not have reached the disk yet.
//!
//! **Leaving.** The leaver gives up its token, stores its own mark, and asks whether any owner lives.
//! Only if none does it writes everything out, and exchanges its own mark for 1.
//!
//! - An owner that attached before the mark and lives: it is seen, and nothing is marked.
//! - One that attached before the mark and is gone: all that it wrote comes before the writing out.
//! - One that takes its token after the question: it stores its 2 after the leaver's mark, because the
//!   kernel's list of locks orders the two. The exchange fails.
//!
//! So an owner that writes keeps the mark away, and a reader does not matter. A process that dies at
//! any of these steps leaves another mark than 1.
//!
//! A token that is given up may outlive that for an instant. A process that another thread starts
//! (`posix_spawn`) has a copy of every descriptor until it calls `exec`, and so maybe of the one that
//! this token was made with. The leaver waits for its own id to be gone before it asks for others.

use std::fs::File;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::header::CheckedHeader;
use super::lock::ATTACHED;
use super::stored::read_header;
use super::token;
use super::{Name, PAUSE, Region};
use crate::error::Error;
use crate::os::{self, ByteLock};
use crate::sync::Ordering;
use crate::sync::stop_point;

/// How long copies of a descriptor, in processes that are being started, are waited for.
const COPIES: Duration = Duration::from_millis(100);

const IN_USE: u32 = 0;
const CLEAN: u32 = 1;
const BEGINNING: u32 = 2;

fn leaving(owner: u32) -> u32 {
    owner << 2 | 3
}

/// Refuses a region that another run of the machine has left unclean.
pub(super) fn check_clean(
    name: &Name,
    file: &File,
    header: &CheckedHeader,
    accept: bool,
) -> Result<(), Error> {
    if accept {
        return Ok(());
    }
    // An attacher may be changing both, which a second look tells.
    if is_unclean(name, file, header) && is_unclean(name, file, &read_header(name, file)?) {
        return Err(unclean(name));
    }
    Ok(())
}

pub(super) fn unclean(name: &Name) -> Error {
    Error::Unclean { name: name.as_str().to_owned(), directory: name.directory().path().to_owned() }
}

/// Whether another run of the machine has left the region in use.
pub(super) fn is_unclean(name: &Name, file: &File, header: &CheckedHeader) -> bool {
    if header.mark == CLEAN || is_of_this_boot(name, header.boot) {
        return false;
    }
    // A process that is attached is of this run. What cannot be asked is taken for none.
    let attached = ByteLock::Write.conflict(file, ATTACHED);
    !(matches!(attached, Ok(Some(ByteLock::Read))) || token::any_lives(file).unwrap_or(false))
}

/// Without an id of one side the kind of the file system says it: memory lasts for one run.
fn is_of_this_boot(name: &Name, stored: u128) -> bool {
    match os::boot_id() {
        Some(ours) if stored != 0 => stored == ours,
        _ => name.directory().is_in_memory(),
    }
}

impl Region {
    /// Takes the mark away before this attachment writes. Its token is taken.
    pub(super) fn begin_writing(&self) -> Result<(), Error> {
        let header = self.header();
        // Acquire, with the Release of the attacher that has stored the 0: the id.
        let mark = header.mark.load(Ordering::Acquire);
        let ours = os::boot_id();
        let is_ours = ours.is_none_or(|ours| header.boot() == ours);
        if mark == IN_USE && is_ours {
            return Ok(());
        }
        if !is_ours || ours.is_none() && mark == CLEAN {
            self.forget_times();
            header.set_boot(ours.unwrap_or(0));
        }
        // Release, with the look of a process that opens: the id.
        header.mark.store(BEGINNING, Ordering::Release);
        stop_point!("attach.beginning");
        self.map.write_out_first_page().map_err(|error| self.name.io("msync", error))?;
        // Release, with the Acquire above. It fails beside a leaver, whose mark then stays.
        let in_use = (Ordering::Release, Ordering::Relaxed);
        let _ = header.mark.compare_exchange(BEGINNING, IN_USE, in_use.0, in_use.1);
        Ok(())
    }

    /// Times of publications are those of a clock that began anew.
    fn forget_times(&self) {
        let now = os::precise_nanos();
        // Relaxed: no value depends on them.
        self.controls().for_each(|control| control.published.store(now, Ordering::Relaxed));
    }

    /// Marks the region clean, if no owner but this one lives. The token is given up for that.
    pub(super) fn end_writing(&mut self) {
        let Some(token) = self.token.take() else { return };
        let owner = token.owner();
        drop(token);
        // Whatever fails leaves a region without the mark.
        let _ = self.mark_clean(owner);
    }

    fn mark_clean(&self, owner: u32) -> Result<(), Error> {
        let own = leaving(owner);
        let reopened = if self.file.own().is_none() { Some(self.reopen(false)?) } else { None };
        let Some(file) = self.file.own().or(reopened.as_ref()) else { return Ok(()) };
        let is_removed_next = self.unlink_on_drop && !self.has_company(file);
        // A creation that has failed has no name.
        if is_removed_next || !self.is_linked() {
            return Ok(());
        }
        // What cannot be asked is taken for alive.
        let lives = || token::any_lives(file).unwrap_or(true);
        let end = Instant::now() + COPIES;
        while token::lives(file, owner).unwrap_or(false) && Instant::now() < end {
            os::pause(PAUSE);
        }
        if lives() {
            return Ok(());
        }
        let header = self.header();
        // Relaxed: the locks that are asked for next order it.
        header.mark.store(own, Ordering::Relaxed);
        if lives() {
            return Ok(());
        }
        stop_point!("leave.marked");
        let failed = |error| self.name.io("fsync", error);
        if !self.name.directory().is_in_memory() {
            file.sync_all().map_err(failed)?;
            // The name is a part of what lasts.
            let directory =
                os::open(self.name.directory().path(), OFlags::RDONLY | OFlags::DIRECTORY);
            directory.map_err(std::io::Error::from).and_then(|it| it.sync_all()).map_err(failed)?;
        }
        stop_point!("leave.written");
        // Release, with the Acquire of the next attacher; Relaxed: nothing follows from a failure.
        let clean = (Ordering::Release, Ordering::Relaxed);
        if header.mark.compare_exchange(own, CLEAN, clean.0, clean.1).is_ok() {
            self.map.write_out_first_page().map_err(|error| self.name.io("msync", error))?;
        }
        Ok(())
    }

    /// Whether there is another attachment.
    fn has_company(&self, file: &File) -> bool {
        ByteLock::Write.conflict(file, ATTACHED).is_ok_and(|lock| lock.is_some())
    }
}
