//! Owner ids, and how the death of an owner is known.
//!
//! An owner is a read-write attachment. Its id is drawn from a counter in the region, so that no id
//! comes back while a process may remember it. For as long as it lives it holds a write lock on one
//! byte of the region's file: the token. The lock belongs to an open file description that is
//! reached through nothing but one mapping of one page. The mapping is not inherited by fork
//! children, ends with `exec` and with the process however it ends, and cannot be closed by a
//! daemoniser that closes all descriptors. So the lock says "alive" exactly as long as the address
//! space lives. Until the mapping is made there is a descriptor, which a fork would copy: no thread
//! forks meanwhile, see [`ForkPage::unforked`](crate::os::ForkPage::unforked).
//!
//! A process id would not do: it is reused, differs between PID namespaces, and a zombie keeps it.
//! Nor would a time-out: a stopped process comes back.
//!
//! Whether an owner lives is asked as "could I read-lock that byte?". A process without write
//! permission can hold read locks only, and those do not conflict, so it cannot fake a life.

use std::fs::File;
use std::io;

use memmap2::{Advice, MmapOptions, MmapRaw};

use crate::os::{ByteLock, Description};
use crate::protocol::layout;
use crate::sync::mutant;
use crate::sync::{AtomicU32, Ordering};

/// The byte of owner 0; every lock of ours lies far behind the end of any file.
const FIRST_BYTE: i64 = 1 << 40;

/// How many ids there are; the highest fits the 30 bits of a lock word.
const IDS: u32 = (1 << 30) - 1;

/// How many ids are tried in a row before something is wrong.
const TRIES: usize = 1000;

fn byte_of(owner: u32) -> i64 {
    FIRST_BYTE + i64::from(owner)
}

/// The sign of life of one attachment.
#[derive(Debug)]
pub(crate) struct Token {
    owner: u32,
    /// Holds the open file description that holds the lock.
    _page: MmapRaw,
}

/// Why there is no token.
#[derive(Debug)]
pub(crate) enum NoToken {
    /// Every id tried was taken.
    NoId,
    /// The lock that was just taken does not show: the file system or a sandbox lacks such locks.
    LocksDoNotWork,
    /// The lock ended with the descriptor: mappings of this file system do not keep it.
    LocksDoNotLast,
    /// A call failed.
    Io(&'static str, io::Error),
}

impl Token {
    /// Draws an id and takes its lock. `own` is an open file description of the region made for
    /// this call alone; `asking` is another one.
    ///
    /// `next` is the region's counter; `in_use` says whether an id stands in a lock word.
    ///
    /// To be called where no thread forks; it allocates nothing.
    pub(crate) fn draw(
        own: File,
        asking: &File,
        next: &AtomicU32,
        in_use: impl Fn(u32) -> bool,
    ) -> Result<Self, NoToken> {
        for _ in 0..TRIES {
            let owner = draw_id(next);
            let byte = byte_of(owner);
            let taken = ByteLock::Write.try_take(&own, byte);
            if !taken.map_err(|error| NoToken::Io("fcntl(F_OFD_SETLK)", error))? {
                continue;
            }
            // After 2^30 attachments the counter wraps. An id whose dead owner no process has
            // replaced yet would become alive again.
            if in_use(owner) {
                ByteLock::release(&own, byte)
                    .map_err(|error| NoToken::Io("fcntl(F_OFD_SETLK)", error))?;
                continue;
            }
            let shows = || {
                let holder = ByteLock::Read.conflict(asking, byte);
                holder.map_err(|error| NoToken::Io("fcntl(F_OFD_GETLK)", error))
            };
            if shows()?.is_none() {
                return Err(NoToken::LocksDoNotWork);
            }
            let page = map_first_page(&own).map_err(|error| NoToken::Io("mmap", error))?;
            page.advise(Advice::DontFork)
                .map_err(|error| NoToken::Io("madvise(MADV_DONTFORK)", error))?;
            // On overlayfs a mapping belongs to the file underneath, and this is the end of the lock.
            drop(own);
            if shows()?.is_none() && !mutant!("token-untested") {
                return Err(NoToken::LocksDoNotLast);
            }
            return Ok(Self { owner, _page: page });
        }
        Err(NoToken::NoId)
    }

    /// The id: 1 to 2^30 - 1.
    #[inline]
    pub(crate) fn owner(&self) -> u32 {
        self.owner
    }
}

/// The next id. The counter wraps where the ids do: they are not so many that they divide 2^32,
/// and would come back early when that is passed.
fn draw_id(next: &AtomicU32) -> u32 {
    let step = |drawn: u32| Some((drawn % IDS + 1) % IDS);
    // Relaxed: the counter orders nothing; only that numbers differ counts.
    let drawn = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
    1 + drawn.unwrap_or_else(|drawn| drawn) % IDS
}

fn map_first_page(file: &File) -> io::Result<MmapRaw> {
    MmapOptions::new().len(layout::HEADER_BYTES).map_raw_read_only(file)
}

/// Whether an owner is known to be dead: its byte is not locked. `asking` is a descriptor of the
/// region that was opened as `description`. A program may close descriptors that are not its own, and
/// an unrelated file has no locks. So an answer counts only if the descriptor is the same afterwards.
pub(crate) fn is_dead(asking: &File, description: Description, owner: u32) -> bool {
    if mutant!("owners-immortal") {
        return false;
    }
    if mutant!("owners-presumed-dead") {
        return true;
    }
    // What cannot be found out is taken for alive: stealing from the living would be worse.
    lives(asking, owner).is_ok_and(|lives| !lives) && description.is(asking)
}

/// Whether an owner lives, as seen through a descriptor that belongs to none.
pub(super) fn lives(asking: &File, owner: u32) -> io::Result<bool> {
    Ok(ByteLock::Read.conflict(asking, byte_of(owner))?.is_some())
}

/// Whether any owner lives, as seen through a descriptor that belongs to none.
pub(super) fn any_lives(asking: &File) -> io::Result<bool> {
    let holder = ByteLock::Read.conflict_among(asking, byte_of(1), IDS.into())?;
    Ok(holder.is_some())
}

/// The owner whose byte this is, if it is one of theirs.
pub(crate) fn owner_of_byte(byte: i64) -> Option<u32> {
    let owner = u32::try_from(byte.checked_sub(FIRST_BYTE)?).ok()?;
    (1..=IDS).contains(&owner).then_some(owner)
}
