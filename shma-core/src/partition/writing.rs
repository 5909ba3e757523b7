//! Acquiring the semaphore, and what its holder may do.

use std::marker::PhantomData;
use std::time::Duration;

use super::settle::settle;
use super::{Partition, lock_order};
use crate::error::Error;
use crate::os;
use crate::protocol::notify;
use crate::protocol::semaphore::{Acquired, Busy, Owners, Semaphore, Wait};
use crate::protocol::slots::{Change, Publication};
use crate::sync::stop_point;
use crate::sync::{AtomicU64, Ordering};
use crate::words;

/// The calling process got the handle through fork. It has no size, so that the fast paths return
/// in registers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forked;

/// Why a semaphore was not acquired, or what was changed under it cannot be published.
/// [`Partition::explain`] makes an error of it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AcquireError {
    Forked,
    /// The thread holds the semaphore of this field.
    Reentrant(usize),
    Busy(Busy, Wait),
}

impl From<Forked> for AcquireError {
    #[inline]
    fn from(_: Forked) -> Self {
        Self::Forked
    }
}

impl Partition {
    /// Acquires the semaphore. With endless wait it is never `Busy`.
    #[inline]
    pub(crate) fn acquire(&self, wait: Wait) -> Result<Guard<'_>, AcquireError> {
        // The plain path is a function of its own. The errors of the other one would make it return
        // through memory, and all that is stored has to be in the cache before the semaphore can be
        // released.
        match self.acquire_alone() {
            Some(guard) => Ok(guard),
            None => self.acquire_otherwise(wait),
        }
    }

    /// Acquires the semaphore if it is free and the thread holds no other.
    #[inline]
    pub(crate) fn acquire_alone(&self) -> Option<Guard<'_>> {
        if self.region.is_forked() || !lock_order::nothing() {
            return None;
        }
        if !Semaphore(&self.control().lock).try_acquire_free(self.region.me()) {
            return None;
        }
        lock_order::note_first(self.region.key(), self.index());
        Some(self.acquired())
    }

    #[cold]
    fn acquire_otherwise(&self, wait: Wait) -> Result<Guard<'_>, AcquireError> {
        self.check_fork()?;
        // A look at the holder opens and closes files.
        let _uncancelled = os::Uncancelled::new();
        // The plain way has looked only if the thread holds nothing.
        self.acquire_as(self.region.me(), lock_order::nothing(), wait)
    }

    /// Acquires the semaphore as `mine`, which may be marked. `found_taken`: the caller has tried.
    #[cold]
    pub(super) fn acquire_as(
        &self,
        mine: u32,
        found_taken: bool,
        wait: Wait,
    ) -> Result<Guard<'_>, AcquireError> {
        lock_order::note(self.region.key(), self.index()..=self.index())
            .map_err(AcquireError::Reentrant)?;
        match Semaphore(&self.control().lock).acquire(&*self.region, mine, wait) {
            Ok(Acquired::Uncontended) if !found_taken => {}
            Ok(acquired) => settle(&self.region, self.control(), acquired),
            Err(busy) => {
                lock_order::forget(self.region.key(), self.index());
                return Err(AcquireError::Busy(busy, wait));
            }
        }
        Ok(self.acquired())
    }

    #[inline]
    fn acquired(&self) -> Guard<'_> {
        // Relaxed: a diagnostic number of its own.
        self.control().pid.store(self.region.pid(), Ordering::Relaxed);
        stop_point!("acquire.acquired");
        Guard::new(self)
    }

    /// Notes when the publication was that comes next, and returns that.
    #[inline]
    pub(super) fn stamp(&self) -> u64 {
        let now = if self.timed { os::precise_nanos() } else { os::coarse_nanos() };
        self.stamp_at(now);
        now
    }

    #[inline]
    fn stamp_at(&self, now: u64) {
        // Relaxed: a diagnostic number of its own.
        self.control().published.store(now, Ordering::Relaxed);
    }

    /// Notes when the publications were of these fields that come next, by one look at the coarse clock.
    pub(super) fn stamp_all<'a>(partitions: impl Iterator<Item = &'a Self>) {
        let coarse = os::coarse_nanos();
        for partition in partitions {
            partition.stamp_at(if partition.timed { os::precise_nanos() } else { coarse });
        }
    }

    /// The error that a caller gets.
    #[cold]
    pub(crate) fn explain(&self, error: impl Into<AcquireError>) -> Error {
        let place = self.place();
        let (busy, wait) = match error.into() {
            AcquireError::Forked => return Error::Forked { place },
            AcquireError::Reentrant(held) => {
                return Error::Reentrant { place, held: self.region.known().field_name(held) };
            }
            AcquireError::Busy(busy, wait) => (busy, wait),
        };
        // A dead one would have been replaced.
        let holder = Some(self.describe_holder(busy.owner, false));
        let waited = match wait {
            Wait::No => return Error::WouldBlock { place, holder },
            Wait::Until(_, waited) => waited,
            Wait::Forever => Duration::MAX,
        };
        Error::Timeout { place, what: "waiting for the semaphore", waited, holder }
    }

    /// The semaphore, if it is free and the thread may have it. A dead owner is not replaced:
    /// it stands in no reader's way.
    pub(crate) fn try_acquire_free(&self) -> Option<Guard<'_>> {
        lock_order::note(self.region.key(), self.index()..=self.index()).ok()?;
        if Semaphore(&self.control().lock).try_acquire_free(self.region.me()) {
            return Some(self.acquired());
        }
        lock_order::forget(self.region.key(), self.index());
        None
    }
}

/// The held semaphore of a partition. Dropped, it is released, unless the process that holds it
/// has become another one by forking meanwhile.
#[derive(Debug)]
pub(crate) struct Guard<'a> {
    partition: &'a Partition,
    /// A process may wait for what was published.
    published: bool,
    /// What the thread holds is recorded with the thread.
    _thread: PhantomData<*const ()>,
}

impl<'a> Guard<'a> {
    #[inline]
    fn new(partition: &'a Partition) -> Self {
        Self { partition, published: false, _thread: PhantomData }
    }

    /// The active publication.
    #[inline]
    pub(crate) fn version(&self) -> u64 {
        // Relaxed: ordered by the acquisition, and changed by the holder alone.
        self.partition.control().version.load(Ordering::Relaxed)
    }

    /// The words of the active value.
    #[inline]
    pub(crate) fn active(&self) -> &'a [AtomicU64] {
        self.partition.slots().slot(self.version())
    }

    /// Starts a publication that differs from the active one in this alone. After a closure of the
    /// user's, [`check_fork`](Self::check_fork) comes first.
    #[inline(always)]
    pub(crate) fn begin(&self, change: Change) -> Publication<'a> {
        self.partition.slots().begin(self.version(), change)
    }

    /// Publishes these bytes as the value.
    // Always, here and in what it calls. Only where the value's size is a constant is copying a
    // small one no more than a few moves. A publication that is returned through memory makes what
    // reads it wait for the cache. Together that was a third of an `update` of 64 bytes.
    #[inline(always)]
    pub(crate) fn publish_whole(self, value: &[u8]) -> Result<u64, Forked> {
        let publication = self.begin(Change::Whole);
        words::store(publication.slot, value);
        self.publish(publication)
    }

    /// As [`publish_whole`](Self::publish_whole), of a type that is known at run time only.
    #[inline(always)]
    pub(crate) fn publish_any(self, value: &[u8]) -> Result<u64, Forked> {
        let publication = self.begin(Change::Whole);
        words::store_any(publication.slot, value);
        self.publish(publication)
    }

    /// Publishes the value with these bytes in place of those from `first` on.
    #[inline]
    pub(crate) fn publish_part(self, first: usize, part: &[u8]) -> Result<u64, Forked> {
        let words = words::covering(first, part.len());
        let publication = self.begin(Change::Words(words));
        words::store_part(publication.slot, first, part);
        self.publish(publication)
    }

    /// Whether this is still the process that took the semaphore: a closure may have forked.
    #[inline]
    pub(crate) fn check_fork(&self) -> Result<(), Forked> {
        self.partition.check_fork()
    }

    /// Publishes, and releases the semaphore.
    #[inline(always)]
    pub(crate) fn publish(mut self, publication: Publication<'_>) -> Result<u64, Forked> {
        self.partition.stamp();
        // Behind everything that is stored before the version: a handler of a signal may have forked
        // since the semaphore was acquired. What remains is a fork between this load and that store.
        self.check_fork()?;
        let version = publication.publish();
        self.published = true;
        Ok(version)
    }

    pub(super) fn partition(&self) -> &'a Partition {
        self.partition
    }
}

impl Drop for Guard<'_> {
    #[inline]
    fn drop(&mut self) {
        let region = &self.partition.region;
        lock_order::forget(region.key(), self.partition.index());
        if region.is_forked() {
            return;
        }
        notify::release(self.partition.control(), region.me(), self.published);
    }
}
