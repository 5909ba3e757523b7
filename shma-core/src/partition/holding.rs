//! The semaphore for more than one publication.

use std::mem::ManuallyDrop;

use super::writing::Guard;
use super::{AcquireError, Forked, Partition, lock_order};
use crate::os::ForkPage;
use crate::protocol::notify::{self, Kept};
use crate::protocol::semaphore::{Owners, Semaphore, Wait};
use crate::protocol::slots::{Change, Publication, Slots};
use crate::sync::AtomicU64;
use crate::words;

impl Partition {
    /// Acquires the semaphore, to publish as often as the caller likes.
    pub(crate) fn hold(&self, wait: Wait) -> Result<Hold<'_>, AcquireError> {
        self.check_fork()?;
        // Before the semaphore, because it may take some milliseconds.
        let kept = Kept::prepare();
        let guard = self.acquire_as(kept.mark(self.region.me()), false, wait)?;
        Ok(Hold {
            version: guard.version(),
            slots: self.slots(),
            fork: self.region.fork_page(),
            generation: self.region.key().generation,
            pace: Pace::default(),
            guard: ManuallyDrop::new(guard),
            kept,
        })
    }
}

/// The held semaphore of a partition, which publications leave held. Dropped, it is released, unless
/// the process that holds it has become another one by forking meanwhile.
#[derive(Debug)]
pub(crate) struct Hold<'a> {
    /// Never dropped: it would release the semaphore as what it was not acquired as.
    guard: ManuallyDrop<Guard<'a>>,
    kept: Kept,
    pace: Pace,
    // What a publication needs of the partition and its region. Each load of it from there takes
    // as long as a tenth of a small publication, and no store to the region can change these.
    slots: Slots<'a>,
    fork: ForkPage,
    generation: u64,
    /// The active publication, which changes by this holder alone.
    version: u64,
}

/// Publications that come so many to a tick of the coarse clock take its reading from each other.
const DENSE: u32 = 16;

/// How many then share one: a power of two.
const SHARED: u64 = 8;

/// How fast publications follow each other. To read the clock takes twice as long as all the rest of
/// a small one.
#[derive(Debug, Default)]
struct Pace {
    /// The last reading.
    now: u64,
    /// Readings since that were the same.
    same: u32,
    /// A publication whose number has none of these bits needs a reading.
    shared: u64,
}

impl Pace {
    /// Whether the publication of this number needs a reading.
    #[inline]
    fn is_due(&self, number: u64) -> bool {
        number & self.shared == 0
    }

    #[inline]
    fn note(&mut self, now: u64) {
        self.same = if now == self.now { self.same.saturating_add(1) } else { 0 };
        self.now = now;
        self.shared = if self.same >= DENSE { SHARED - 1 } else { 0 };
    }
}

impl<'a> Hold<'a> {
    /// Whether this is still the process that acquired the semaphore. It comes before anything is
    /// stored, because it may be long ago, and again after a closure of the user's.
    #[inline]
    pub(crate) fn check_fork(&self) -> Result<(), Forked> {
        if self.fork.is(self.generation) { Ok(()) } else { Err(Forked) }
    }

    /// The words of the active value.
    #[inline]
    pub(crate) fn active(&self) -> &'a [AtomicU64] {
        self.slots.slot(self.version)
    }

    /// Starts a publication that differs from the active one in this alone.
    #[inline(always)]
    pub(crate) fn begin(&mut self, change: Change) -> Publication<'a> {
        self.slots.begin(self.version, change)
    }

    /// Publishes these bytes as the value.
    #[inline(always)]
    pub(crate) fn publish_whole(&mut self, value: &[u8]) -> Result<u64, Forked> {
        self.check_fork()?;
        let publication = self.begin(Change::Whole);
        words::store(publication.slot, value);
        self.publish(publication)
    }

    /// Publishes the value with these bytes in place of those from `first` on.
    #[inline]
    pub(crate) fn publish_part(&mut self, first: usize, part: &[u8]) -> Result<u64, Forked> {
        self.check_fork()?;
        let words = words::covering(first, part.len());
        let publication = self.begin(Change::Words(words));
        words::store_part(publication.slot, first, part);
        self.publish(publication)
    }

    /// Publishes, and wakes the waiters.
    #[inline(always)]
    pub(crate) fn publish(&mut self, publication: Publication<'_>) -> Result<u64, Forked> {
        // The precise clock hardly ever says the same twice.
        if self.pace.is_due(self.version.wrapping_add(1)) {
            let now = self.guard.partition().stamp();
            self.pace.note(now);
        }
        // As in `Guard::publish`.
        self.check_fork()?;
        self.version = publication.publish();
        notify::wake_kept(self.slots.control, self.kept);
        Ok(self.version)
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let partition = self.guard.partition();
        lock_order::forget(partition.region.key(), partition.index());
        if partition.region.is_forked() {
            return;
        }
        // The waiters for each publication have been woken with it.
        let mine = self.kept.mark(partition.region.me());
        Semaphore(&partition.control().lock).release(mine);
    }
}
