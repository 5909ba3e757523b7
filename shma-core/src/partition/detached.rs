//! The semaphore of a field as a value of its own: no borrow, and any thread may drop it.
//!
//! `unsafe` here: memory of other languages.
#![allow(unsafe_code)]

use std::mem::ManuallyDrop;

use super::{AcquireError, Forked, Partition, lock_order};
use crate::protocol::notify;
use crate::protocol::semaphore::{Owners, Wait};
use crate::protocol::slots::Change;
use crate::words;

/// The held semaphore of a partition. Dropped, by whichever thread, it is released, unless the process
/// has become another one by forking meanwhile.
#[derive(Debug)]
pub(crate) struct DetachedGuard {
    partition: Partition,
    record: lock_order::Detached,
    /// A process may wait for what was published.
    published: bool,
}

impl Partition {
    /// Acquires the semaphore for one publication.
    pub(crate) fn acquire_detached(&self, wait: Wait) -> Result<DetachedGuard, AcquireError> {
        // Before the semaphore, which would stay held if there were no memory.
        let partition = self.clone();
        let _guard = ManuallyDrop::new(self.acquire(wait)?);
        let record = lock_order::Detached::new(self.region.key(), self.index());
        Ok(DetachedGuard { partition, record, published: false })
    }
}

impl DetachedGuard {
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

    /// Publishes the value with these bytes in place of those from `first` on, and releases the
    /// semaphore.
    pub(crate) fn publish_part(self, first: usize, part: &[u8]) -> Result<u64, Forked> {
        // SAFETY: the bytes are borrowed, and private.
        unsafe { self.publish_part_raw(first, part.as_ptr(), part.len()) }
    }

    /// As [`publish_part`](Self::publish_part), from memory that other threads may access meanwhile.
    ///
    /// # Safety
    ///
    /// `from` can be read for `len` bytes, and is not shared memory.
    pub(crate) unsafe fn publish_part_raw(
        mut self,
        first: usize,
        from: *const u8,
        len: usize,
    ) -> Result<u64, Forked> {
        self.partition.check_fork()?;
        let whole = first == 0 && len == self.partition.size();
        // Of a value that ends within a word, the rest of the word stays as it is, which is zeros.
        let change = if whole { Change::Whole } else { Change::Words(words::covering(first, len)) };
        let publication = self.partition.slots().begin(self.version(), change);
        // SAFETY: as the caller promises.
        unsafe { words::raw::store_part_raw(publication.slot, first, from, len) };
        self.partition.stamp();
        // As in `Guard::publish`.
        self.partition.check_fork()?;
        let version = publication.publish();
        self.published = true;
        Ok(version)
    }
}

impl Drop for DetachedGuard {
    fn drop(&mut self) {
        if self.partition.region.is_forked() {
            return;
        }
        notify::release(self.partition.control(), self.partition.region.me(), self.published);
    }
}
