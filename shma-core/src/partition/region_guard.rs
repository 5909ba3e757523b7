//! The semaphores of all fields of a region, held together.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use super::endable::Endable;
use super::settle::settle;
use super::{AcquireError, Forked, Partition, lock_order};
use crate::error::Error;
use crate::protocol::commit::{self, Joined};
use crate::protocol::control::Control;
use crate::protocol::notify;
use crate::protocol::semaphore::{Owners, Semaphore, Wait};
use crate::region::Region;
use crate::sync::{AtomicU64, Ordering, stop_point};

/// A field that gets a new value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct News<'a> {
    pub(crate) partition: &'a Partition,
    pub(crate) bytes: &'a [u8],
    /// As in [`Joined`].
    pub(crate) store: fn(&[AtomicU64], &[u8]),
}

/// The held semaphores of all ordinary fields of a region. Dropped, they are released, unless the
/// process that holds them has become another one by forking meanwhile.
#[derive(Debug)]
pub(crate) struct RegionGuard<'h> {
    region: &'h Arc<Region>,
    /// Semaphores that are held: those of the first ordinary fields.
    held: usize,
    /// The last ordinary field, by which the thread's record knows that all are held.
    last: usize,
    /// What the thread holds is recorded with the thread.
    _thread: PhantomData<*const ()>,
}

impl<'h> RegionGuard<'h> {
    /// Acquires all semaphores in declaration order. `None` if the region has none.
    ///
    /// # Errors
    ///
    /// `Reentrant`, `Forked`; `Timeout` or `WouldBlock` if `wait` ends. None is held then.
    pub(crate) fn acquire(region: &'h Arc<Region>, wait: Wait) -> Result<Option<Self>, Error> {
        let mut fields = region.ordinary();
        let Some((first, _)) = fields.next() else { return Ok(None) };
        let last = fields.next_back().map_or(first, |(index, _)| index);
        check_fork(region).map_err(|forked| explain(region, first, forked))?;
        lock_order::note(region.key(), first..=last)
            .map_err(|held| explain(region, first, AcquireError::Reentrant(held)))?;
        let mut guard = Self { region, held: 0, last, _thread: PhantomData };
        let (me, pid) = (region.me(), region.pid());
        for (index, control) in region.ordinary() {
            if !Semaphore(&control.lock).try_acquire_free(me) {
                wait_for(region, control, wait).map_err(|error| explain(region, index, error))?;
            }
            // Relaxed: a diagnostic number of its own.
            control.pid.store(pid, Ordering::Relaxed);
            stop_point!("acquire.acquired");
            guard.held += 1;
        }
        stop_point!("transaction.acquired");
        Ok(Some(guard))
    }

    /// Publishes the new values of these fields as one, and releases all semaphores. The fields are
    /// in declaration order, each with its new bytes.
    ///
    /// # Errors
    ///
    /// `Forked`, also if there is no field to publish: a closure may have forked. Nothing is
    /// published then.
    pub(crate) fn publish<'a, N>(mut self, news: N) -> Result<(), Error>
    where
        N: Iterator<Item = News<'a>> + Clone,
    {
        let region = self.region;
        check_fork(region)
            .and_then(|()| match news.clone().next() {
                Some(_) => publish(region, std::mem::take(&mut self.held), news),
                None => Ok(()),
            })
            .map_err(|forked| {
                // A guard of no semaphore is not made.
                let first = region.ordinary().next().map_or(self.last, |(index, _)| index);
                explain(region, first, forked)
            })
    }

    /// The same semaphores, without a borrow and for any thread to release.
    pub(crate) fn detach(self) -> DetachedRegionGuard {
        let guard = ManuallyDrop::new(self);
        DetachedRegionGuard {
            region: Arc::clone(guard.region),
            held: guard.held,
            last: guard.last,
            record: lock_order::make_endable(),
        }
    }
}

impl Drop for RegionGuard<'_> {
    fn drop(&mut self) {
        lock_order::forget(self.region.key(), self.last);
        release(self.region, self.held, |_| false);
    }
}

/// The held semaphores of all ordinary fields of a region, as a value of its own. Any thread may
/// publish or drop it, and in a fork child it releases nothing.
#[derive(Debug)]
pub(crate) struct DetachedRegionGuard {
    region: Arc<Region>,
    /// As in [`RegionGuard`].
    held: usize,
    last: usize,
    record: Endable,
}

impl DetachedRegionGuard {
    /// As [`RegionGuard::check_fork`].
    pub(crate) fn check_fork(&self) -> Result<(), Forked> {
        check_fork(&self.region)
    }

    /// Whether the calling thread has acquired it.
    pub(crate) fn is_own(&self) -> bool {
        lock_order::is_own(&self.record)
    }

    /// As [`RegionGuard::publish`].
    pub(crate) fn publish<'a, N>(mut self, news: N) -> Result<(), Forked>
    where
        N: Iterator<Item = News<'a>> + Clone,
    {
        publish(&self.region, std::mem::take(&mut self.held), news)
    }
}

impl Drop for DetachedRegionGuard {
    fn drop(&mut self) {
        lock_order::end(&mut self.record, self.region.key(), self.last);
        release(&self.region, self.held, |_| false);
    }
}

/// The error of a field.
#[cold]
fn explain(region: &Arc<Region>, index: usize, error: impl Into<AcquireError>) -> Error {
    Partition::new(Arc::clone(region), index).explain(error)
}

#[inline]
fn check_fork(region: &Region) -> Result<(), Forked> {
    if region.is_forked() { Err(Forked) } else { Ok(()) }
}

/// Publishes the new values of these fields as one, and releases the first `held` semaphores, which
/// are all.
fn publish<'a, N>(region: &Region, held: usize, news: N) -> Result<(), Forked>
where
    N: Iterator<Item = News<'a>> + Clone,
{
    Partition::stamp_all(news.clone().map(|it| it.partition));
    let fields = region.ordinary().map(|(_, control)| control);
    let joined = news.clone().map(|it| Joined {
        slots: it.partition.slots(),
        bytes: it.bytes,
        store: it.store,
    });
    // A handler of a signal may have forked since the closure. What remains is as in
    // `Guard::publish`.
    let fork = || check_fork(region);
    if let Err(forked) = commit::publish(&region.header().commit, fields, joined, fork) {
        release(region, held, |_| false);
        return Err(forked);
    }
    let mut published = news.map(|it| it.partition.index()).peekable();
    release(region, held, |index| published.next_if_eq(&index).is_some());
    Ok(())
}

/// Releases the first `held` semaphores. `has_published` tells of each field whether a process may
/// wait for what was published.
fn release(region: &Region, held: usize, mut has_published: impl FnMut(usize) -> bool) {
    if region.is_forked() {
        return;
    }
    let me = region.me();
    for (index, control) in region.ordinary().take(held) {
        notify::release(control, me, has_published(index));
    }
}

/// Acquires a semaphore that was found taken.
#[cold]
fn wait_for(region: &Region, control: &Control, wait: Wait) -> Result<(), AcquireError> {
    match Semaphore(&control.lock).acquire(region, region.me(), wait) {
        Ok(acquired) => settle(region, control, acquired),
        Err(busy) => return Err(AcquireError::Busy(busy, wait)),
    }
    Ok(())
}
