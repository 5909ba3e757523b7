//! The semaphore of a field as a value of its own: no borrow, and any thread may drop it.
//!
//! `unsafe` here: memory of other languages.
#![allow(unsafe_code)]

use std::mem::ManuallyDrop;
use std::ptr;

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
pub(crate) struct DetachedGuard<P: AsRef<Partition>> {
    /// What keeps the partition.
    keeper: P,
    record: Endable,
}

impl<P: AsRef<Partition>> DetachedGuard<P> {
    /// Acquires the semaphore for one publication, if it is free and the thread holds no other.
    /// Otherwise returns the keeper.
    #[inline(always)]
    pub(crate) fn acquire_alone(keeper: P) -> Result<Self, P> {
        let acquired = keeper.as_ref().acquire_alone().map(ManuallyDrop::new).is_some();
        if acquired { Ok(Self::acquired(keeper)) } else { Err(keeper) }
    }

    /// Acquires the semaphore for one publication. Returns the keeper with an error.
    pub(crate) fn acquire(keeper: P, wait: Wait) -> Result<Self, (P, AcquireError)> {
        match keeper.as_ref().acquire(wait).map(ManuallyDrop::new).err() {
            None => Ok(Self::acquired(keeper)),
            Some(error) => Err((keeper, error)),
        }
    }

    #[inline(always)]
    fn acquired(keeper: P) -> Self {
        Self { keeper, record: lock_order::make_endable() }
    }

    /// Releases the semaphore, and returns what keeps the partition.
    #[inline(always)]
    pub(crate) fn release(self) -> P {
        self.release_after(false)
    }

    #[inline(always)]
    fn release_after(self, published: bool) -> P {
        let mut released = ManuallyDrop::new(self);
        released.end(published);
        // SAFETY: good for a read, and not used again: nothing drops `released`.
        unsafe { ptr::read(&raw const released.keeper) }
    }

    /// What keeps the partition.
    #[inline]
    pub(crate) fn keeper(&self) -> &P {
        &self.keeper
    }

    #[inline]
    pub(crate) fn partition(&self) -> &Partition {
        self.keeper.as_ref()
    }

    /// Forgets the entry, and releases the semaphore. `published`: a process may wait for what was.
    #[inline(always)]
    fn end(&mut self, published: bool) {
        let partition = self.keeper.as_ref();
        let region = &partition.region;
        lock_order::end(&mut self.record, region.key(), partition.index());
        if region.is_forked() {
            return;
        }
        notify::release(partition.control(), region.me(), published);
    }

    /// Whether the calling thread has acquired it.
    #[inline]
    pub(crate) fn is_own(&self) -> bool {
        lock_order::is_own(&self.record)
    }

    /// The active publication.
    #[inline]
    pub(crate) fn version(&self) -> u64 {
        self.partition().slots().held_version()
    }

    /// Copies the active value's bytes from `first` on.
    ///
    /// # Errors
    ///
    /// `Forked`: the value is not held still in a child.
    #[inline(always)]
    pub(crate) fn load_part(&self, first: usize, into: &mut [u8]) -> Result<u64, Forked> {
        self.partition().check_fork()?;
        let version = self.version();
        let slot = self.partition().slots().slot(version);
        match first {
            0 => words::load_any(slot, into),
            _ => words::load_part_over(slot, first, into),
        }
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
        self.partition().check_fork()?;
        let version = self.version();
        let slot = self.partition().slots().slot(version);
        // SAFETY: as the caller promises.
        unsafe { words::raw::load_part_raw(slot, first, into, len) };
        Ok(version)
    }

    /// Publishes the value, wakes the waiters, and releases the semaphore, whether it has published or
    /// not.
    #[inline(always)]
    pub(crate) fn publish_whole(self, value: &[u8]) -> (P, Result<u64, Forked>) {
        self.publish(Change::Whole, |slot| words::store_any(slot, value))
    }

    /// Publishes the value with these bytes in place of those from `first` on. Otherwise as
    /// [`publish_whole`](Self::publish_whole).
    pub(crate) fn publish_part(self, first: usize, part: &[u8]) -> (P, Result<u64, Forked>) {
        let change = Change::Words(words::covering(first, part.len()));
        self.publish(change, |slot| words::store_part(slot, first, part))
    }

    /// As [`publish_part`](Self::publish_part), from memory that other threads may access meanwhile.
    ///
    /// # Safety
    ///
    /// `from` can be read for `len` bytes, and is not shared memory.
    pub(crate) unsafe fn publish_part_raw(
        self,
        change: Change,
        first: usize,
        from: *const u8,
        len: usize,
    ) -> (P, Result<u64, Forked>) {
        self.publish(change, |slot| {
            // SAFETY: as the caller promises.
            unsafe { words::raw::store_part_raw(slot, first, from, len) }
        })
    }

    /// Publishes what `store` leaves in the slot, which is what `change` says.
    #[inline(always)]
    fn publish(self, change: Change, store: impl FnOnce(&[AtomicU64])) -> (P, Result<u64, Forked>) {
        let published = self.try_publish(change, store);
        (self.release_after(published.is_ok()), published)
    }

    #[inline(always)]
    fn try_publish(&self, change: Change, store: impl FnOnce(&[AtomicU64])) -> Result<u64, Forked> {
        self.partition().check_fork()?;
        let publication = self.partition().slots().begin(self.version(), change);
        store(publication.slot);
        self.partition().stamp();
        // As in `Guard::publish`.
        self.partition().check_fork()?;
        Ok(publication.publish())
    }
}

impl<P: AsRef<Partition>> Drop for DetachedGuard<P> {
    #[inline]
    fn drop(&mut self) {
        self.end(false);
    }
}
