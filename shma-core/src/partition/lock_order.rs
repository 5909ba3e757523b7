//! Which semaphores the calling thread holds.
//!
//! A thread that waited for a semaphore it holds, or for one whose holder waits for it, would wait
//! for ever. So nested updates go in declaration order, and this record finds what does not.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use crate::region::RegionKey;

/// A held semaphore: the region, and the number of the field.
type Entry = (RegionKey, usize);

/// An entry, and whether another thread has ended it.
type Endable = (Entry, Arc<AtomicBool>);

/// What a thread holds. Nearly always that is one semaphore at a time.
struct Record {
    first: Cell<Option<Entry>>,
    /// Empty if `first` is. Not dropped with the thread: it is freed as soon as it is empty, and
    /// that a thread-local needs no destructor makes it cheap to find.
    rest: RefCell<ManuallyDrop<Vec<Entry>>>,
    /// Entries that another thread may end, with the flag that says so. They are in `first` or `rest`
    /// too. Not dropped, as `rest`.
    detached: RefCell<ManuallyDrop<Vec<Endable>>>,
    /// Whether `rest` or `detached` holds anything.
    nested: Cell<bool>,
}

thread_local! {
    static RECORD: Record = const {
        Record {
            first: Cell::new(None),
            rest: RefCell::new(ManuallyDrop::new(Vec::new())),
            detached: RefCell::new(ManuallyDrop::new(Vec::new())),
            nested: Cell::new(false),
        }
    };
}

/// Whether the thread holds no semaphore at all.
#[inline]
pub(crate) fn nothing() -> bool {
    RECORD.with(|record| record.first.get().is_none())
}

/// Notes that the thread, which held [nothing], has the semaphore of a field. To be
/// [forgotten](forget).
#[inline]
pub(crate) fn note_first(region: RegionKey, field: usize) {
    RECORD.with(|record| record.first.set(Some((region, field))));
}

/// Notes that the thread is about to acquire the semaphores of these fields, or returns the field
/// that it holds and that forbids this. It may hold only those of fields before the first. What is
/// noted is to be [forgotten](forget) by the last of them.
pub(crate) fn note(region: RegionKey, fields: RangeInclusive<usize>) -> Result<(), usize> {
    let (first, last) = fields.into_inner();
    sweep();
    if nothing() {
        note_first(region, last);
        return Ok(());
    }
    let of_region = |entry: &Entry| (entry.0 == region).then_some(entry.1);
    RECORD.with(|record| {
        let mut rest = record.rest.borrow_mut();
        let entries = record.first.get().into_iter().chain(rest.iter().copied());
        let latest = entries.filter_map(|entry| of_region(&entry)).max();
        if let Some(latest) = latest.filter(|latest| *latest >= first) {
            return Err(latest);
        }
        rest.push((region, last));
        record.nested.set(true);
        Ok(())
    })
}

/// Ends what [`note`] has noted.
#[inline]
pub(crate) fn forget(region: RegionKey, field: usize) {
    let nested = RECORD.with(|record| {
        let nested = record.nested.get();
        if !nested {
            record.first.set(None);
        }
        nested
    });
    if nested {
        forget_nested((region, field));
    }
}

#[cold]
fn forget_nested(entry: Entry) {
    RECORD.with(|record| {
        let (mut rest, detached) = (record.rest.borrow_mut(), record.detached.borrow());
        if let Some(at) = rest.iter().rposition(|held| *held == entry) {
            rest.remove(at);
        } else {
            record.first.set((!rest.is_empty()).then(|| rest.remove(0)));
        }
        if rest.is_empty() {
            **rest = Vec::new();
            record.nested.set(!detached.is_empty());
        }
    });
}

/// Ends the entries that other threads have ended.
fn sweep() {
    if !RECORD.with(|record| record.nested.get()) {
        return;
    }
    let is_gone = |gone: &AtomicBool| gone.load(Ordering::Relaxed);
    while let Some(entry) = take_detached(|(_, gone)| is_gone(gone)) {
        forget_nested(entry);
    }
}

/// Takes an entry that may be ended elsewhere, and leaves it in the record's other lists.
fn take_detached(mut which: impl FnMut(&Endable) -> bool) -> Option<Entry> {
    RECORD.with(|record| {
        let mut detached = record.detached.borrow_mut();
        let at = detached.iter().position(&mut which)?;
        let (entry, _) = detached.remove(at);
        if detached.is_empty() {
            **detached = Vec::new();
        }
        Some(entry)
    })
}

/// An entry of the thread that made it, which any thread may end. Dropped, it ends.
///
/// The thread that made it sees that the next time that it holds nothing else at once, or nests.
#[derive(Debug)]
pub(crate) struct Detached {
    entry: Entry,
    thread: ThreadId,
    gone: Arc<AtomicBool>,
}

impl Detached {
    /// Makes an entry that the thread has [noted](note) one that any thread may end.
    pub(crate) fn new(region: RegionKey, field: usize) -> Self {
        let (entry, gone) = ((region, field), Arc::new(AtomicBool::new(false)));
        RECORD.with(|record| {
            record.detached.borrow_mut().push((entry, Arc::clone(&gone)));
            record.nested.set(true);
        });
        Self { entry, thread: thread::current().id(), gone }
    }

    /// Whether the calling thread made it.
    pub(crate) fn is_own(&self) -> bool {
        self.thread == thread::current().id()
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        if self.is_own() {
            if take_detached(|(_, gone)| Arc::ptr_eq(gone, &self.gone)).is_some() {
                forget_nested(self.entry);
            }
        } else {
            // Relaxed, here and in `sweep`: nothing is read because of it. A thread that sees it before
            // the semaphore is free waits for that, as for any other holder.
            self.gone.store(true, Ordering::Relaxed);
        }
    }
}

/// Whether the thread holds any semaphore of the region.
pub(crate) fn any(region: RegionKey) -> bool {
    sweep();
    RECORD.with(|record| {
        let rest = record.rest.borrow();
        let mut entries = record.first.get().into_iter().chain(rest.iter().copied());
        entries.any(|entry| entry.0 == region)
    })
}

#[cfg(test)]
mod tests {
    use super::{any, forget, note};
    use crate::os::FileId;
    use crate::region::RegionKey;

    fn region(generation: u64) -> RegionKey {
        let stat = rustix::fs::stat("/").expect("the root can be looked at");
        RegionKey { file: FileId::of(&stat), generation }
    }

    /// Guards end in any order.
    #[test]
    fn an_entry_is_lost_or_stays_when_guards_end_out_of_order() {
        let (one, other) = (region(1), region(2));
        let all: Vec<_> = (0..12).flat_map(|i| [(one, i), (other, i)]).collect();
        for &(region, field) in &all {
            assert_eq!(note(region, field..=field), Ok(()));
            assert_eq!(note(region, field..=field), Err(field));
        }
        for (gone, &(region, field)) in all.iter().enumerate() {
            forget(region, field);
            let left = all[gone + 1..].iter().filter(|entry| entry.0 == region);
            assert_eq!(any(region), left.clone().count() > 0);
            if let Some((_, latest)) = left.max_by_key(|entry| entry.1) {
                assert_eq!(note(region, 0..=0), Err(*latest));
            }
        }
        assert_eq!(note(one, 0..=0), Ok(()));
        forget(one, 0);
    }
}
