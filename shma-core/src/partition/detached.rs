//! The semaphore of a field as a value of its own: no borrow, and any thread may drop it.
//!
//! `unsafe` here: memory of other languages.
#![allow(unsafe_code)]

use std::mem::ManuallyDrop;
use std::sync::Arc;

use super::endable::Endable;
use super::{AcquireError, Forked, Partition, lock_order};
use crate::protocol::notify;
use crate::protocol::semaphore::{Owners, Wait};
use crate::protocol::slots::Change;
use crate::sync::AtomicU64;
use crate::words;

/// The held semaphore of a partition. Dropped, by whichever thread, it is released, unless the process
/// has become another one by forking meanwhile.
#[derive(Debug)]
pub(crate) struct DetachedGuard {
    partition: Arc<Partition>,
    record: Endable,
    /// A process may wait for what was published.
    published: bool,
}

impl DetachedGuard {
    /// Acquires the semaphore for one publication.
    #[inline]
    pub(crate) fn acquire(partition: &Arc<Partition>, wait: Wait) -> Result<Self, AcquireError> {
        let _kept = ManuallyDrop::new(partition.acquire(wait)?);
        let record = Endable::new((partition.region.key(), partition.index()));
        Ok(Self { partition: Arc::clone(partition), record, published: false })
    }

    pub(crate) fn partition(&self) -> &Partition {
        &self.partition
    }

    /// Whether the calling thread has acquired it.
    pub(crate) fn is_own(&self) -> bool {
        self.record.is_own()
    }

    /// The active publication.
    pub(crate) fn version(&self) -> u64 {
        self.partition.slots().held_version()
    }

    /// Copies the active value's bytes from `first` on.
    ///
    /// # Errors
    ///
    /// `Forked`: the value is not held still in a child.
    pub(crate) fn load_part(&self, first: usize, into: &mut [u8]) -> Result<u64, Forked> {
        self.partition.check_fork()?;
        let version = self.version();
        words::load_part_over(self.partition.slots().slot(version), first, into);
        Ok(version)
    }

    /// As [`load_part`](Self::load_part), into memory that other threads may access meanwhile.
    ///
    /// # Safety
    ///
    /// `into` can be written for `len` bytes, and is not shared memory.
    pub(crate) unsafe fn load_part_raw(
        &self,
        first: usize,
        into: *mut u8,
        len: usize,
    ) -> Result<u64, Forked> {
        self.partition.check_fork()?;
        let version = self.version();
        let slot = self.partition.slots().slot(version);
        // SAFETY: as the caller promises.
        unsafe { words::raw::load_part_raw(slot, first, into, len) };
        Ok(version)
    }

    /// Publishes the value with these bytes in place of those from `first` on. The waiters wake when the
    /// guard is dropped, which comes next.
    pub(crate) fn publish_part(&mut self, first: usize, part: &[u8]) -> Result<u64, Forked> {
        self.publish(first, part.len(), |slot| words::store_part(slot, first, part))
    }

    /// As [`publish_part`](Self::publish_part), from memory that other threads may access meanwhile.
    ///
    /// # Safety
    ///
    /// `from` can be read for `len` bytes, and is not shared memory.
    pub(crate) unsafe fn publish_part_raw(
        &mut self,
        first: usize,
        from: *const u8,
        len: usize,
    ) -> Result<u64, Forked> {
        self.publish(first, len, |slot| {
            // SAFETY: as the caller promises.
            unsafe { words::raw::store_part_raw(slot, first, from, len) }
        })
    }

    /// Publishes what `store` leaves in the slot: so many bytes from `first` on.
    #[inline]
    fn publish(
        &mut self,
        first: usize,
        len: usize,
        store: impl FnOnce(&[AtomicU64]),
    ) -> Result<u64, Forked> {
        self.partition.check_fork()?;
        // Of a value that ends within a word, the rest of the word stays as it is, which is zeros.
        let whole = first == 0 && len == self.partition.size();
        let change = if whole { Change::Whole } else { Change::Words(words::covering(first, len)) };
        let publication = self.partition.slots().begin(self.version(), change);
        store(publication.slot);
        self.partition.stamp();
        // As in `Guard::publish`.
        self.partition.check_fork()?;
        let version = publication.publish();
        self.published = true;
        Ok(version)
    }
}

impl Drop for DetachedGuard {
    #[inline]
    fn drop(&mut self) {
        if self.record.end() {
            lock_order::forget(self.partition.region.key(), self.partition.index());
        }
        if self.partition.region.is_forked() {
            return;
        }
        notify::release(self.partition.control(), self.partition.region.me(), self.published);
    }
}
