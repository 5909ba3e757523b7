//! From an open file to a region in memory, and to the sign of life of an attachment.

use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustix::io::Errno;

use super::access::Access;
use super::file::{RegionFile, fstat, open_at_once};
use super::memory::{Ordinary, root};
use super::token::{NoToken, Token};
use super::{DEADLINE, Memory, Name, Pages, Region};
use crate::error::Error;
use crate::manifest::{Known, Notes};
use crate::os::{self, FileId, How, Mapping};
use crate::protocol::semaphore::{Owners, owner_of};
use crate::sync::Ordering;
use crate::sync::stop_point;

/// Maps a file that holds at least what the manifest says. The result is no attachment yet, so
/// dropping it leaves the name alone.
pub(super) fn map<A: Access>(
    name: &Name,
    opened: RegionFile,
    manifest: Known,
    pages: Pages,
) -> Result<Region, Error> {
    let bytes = manifest.get().tail();
    let how = How { writable: A::WRITABLE, at_once: pages == Pages::AtOnce };
    let file = opened.get();
    let map = Mapping::new(file, bytes, how).map_err(|error| name.io("mmap", error))?;
    let stat = fstat(name, file)?;
    if u64::try_from(stat.st_size).unwrap_or(0) < bytes as u64 {
        return Err(name.not_a_region("it was truncated while it was opened"));
    }
    Ok(Region {
        memory: ManuallyDrop::new(Arc::new(Memory {
            ordinary: Ordinary::all(&map, manifest.get()),
            map,
            name: name.clone(),
            manifest,
            file: opened.id(),
            root: root(),
            fork: opened.fork(),
            generation: opened.generation(),
            writable: A::WRITABLE,
        })),
        file: ManuallyDrop::new(opened),
        name: name.clone(),
        notes: Notes::default(),
        unlink_on_drop: false,
        token: None,
        pid: rustix::process::getpid().as_raw_nonzero().get() as u32,
    })
}

/// Gives an attachment its owner id; `None` if `path` does not lead to its file any more.
pub(super) fn with_token(mut region: Region, path: &Path) -> Result<Option<Region>, Error> {
    // From now on: what has been done so far may have touched gigabytes.
    let end = Instant::now() + DEADLINE;
    let in_use = |owner| {
        // Relaxed: an id that is in use was put there before this attachment began.
        region.controls().any(|control| owner_of(control.lock.load(Ordering::Relaxed)) == owner)
    };
    let draw = || {
        let own = match open_at_once(path) {
            Err(Errno::NOENT) => return Ok(None),
            own => own.map_err(|errno| NoToken::Io("open", errno.into()))?,
        };
        let stat = rustix::fs::fstat(&own);
        let stat = stat.map_err(|errno| NoToken::Io("fstat", errno.into()))?;
        if FileId::of(&stat) != region.file.id() {
            return Ok(None);
        }
        Token::draw(own, region.file.get(), &region.header().next_id, in_use).map(Some)
    };
    let Some(drawn) = os::above_streams(|| region.file.fork().unforked(end, draw)) else {
        return Err(region.name.timeout("waiting for other threads that fork"));
    };
    let Some(token) = drawn.map_err(|no_token| explain(&region.name, no_token))? else {
        return Ok(None);
    };
    region.token = Some(token);
    stop_point!("attach.token");
    debug_assert_ne!(region.me(), 0);
    Ok(Some(region))
}

fn explain(name: &Name, no_token: NoToken) -> Error {
    match no_token {
        NoToken::Io(call, error) => name.io(call, error),
        NoToken::NoId => name.not_a_region("a thousand owner ids in a row are taken"),
        NoToken::LocksDoNotWork => name.io_in_directory(
            "the self-test of F_OFD_SETLK (locks of open file descriptions do not work here, so a dead writer could not be told from a living one; choose a directory on tmpfs, ext4 or xfs)",
            Errno::NOTSUP.into(),
        ),
        NoToken::LocksDoNotLast if !name.directory().is_usual() => name.io_in_directory(
            "the self-test of F_OFD_SETLK (a mapping does not keep its file's locks here, as on overlayfs, so a living writer could not be told from a dead one; choose a directory on tmpfs, ext4 or xfs)",
            Errno::NOTSUP.into(),
        ),
        NoToken::LocksDoNotLast => name.io_in_directory(
            "the self-test of F_OFD_SETLK (a mapping does not keep its file's locks here, as on overlayfs, so a living writer could not be told from a dead one; mount a tmpfs at /dev/shm)",
            Errno::NOTSUP.into(),
        ),
    }
}
