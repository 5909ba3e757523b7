//! Which semaphores the calling thread holds.
//!
//! A thread that waited for a semaphore it holds, or for one whose holder waits for it, would wait
//! for ever. So nested updates go in declaration order, and this record finds what does not.
//!
//! `unsafe` here: the thread-local that tells a thread's own guards from others'.
#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::ops::RangeInclusive;

use super::endable::{Endable, Entry, Own};
use crate::region::RegionKey;

/// What a thread holds. Nearly always that is one semaphore at a time.
struct Record {
    first: Cell<Option<Entry>>,
    /// Empty if `first` is. Not dropped with the thread: it is freed as soon as it is empty, and
    /// that a thread-local needs no destructor makes it cheap to find.
    rest: RefCell<ManuallyDrop<Vec<Entry>>>,
    nested: Cell<bool>,
    /// Of what it holds, what any thread may end.
    own: Own,
}

thread_local! {
    static RECORD: Record = const {
        Record {
            first: Cell::new(None),
            rest: RefCell::new(ManuallyDrop::new(Vec::new())),
            nested: Cell::new(false),
            own: Own::new(),
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
    if !nothing() {
        sweep();
    }
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
        let mut rest = record.rest.borrow_mut();
        if let Some(at) = rest.iter().rposition(|held| *held == entry) {
            rest.remove(at);
        } else {
            record.first.set(Some(rest.remove(0)));
        }
        if rest.is_empty() {
            **rest = Vec::new();
            record.nested.set(false);
        }
    });
}

/// Lets any thread [`end`] what the calling one has noted last.
#[inline]
pub(super) fn make_endable() -> Endable {
    // SAFETY: the record is the calling thread's, and has no destructor.
    RECORD.with(|record| unsafe { record.own.make() })
}

/// Whether the calling thread has made it, and it has not ended.
#[inline]
pub(super) fn is_own(endable: &Endable) -> bool {
    RECORD.with(|record| record.own.made(endable))
}

/// Ends what [`make_endable`] was called for, in whichever thread: there it is [forgotten](forget), now or
/// when it matters. Ended before, it is left alone.
#[inline]
pub(super) fn end(endable: &mut Endable, region: RegionKey, field: usize) {
    if RECORD.with(|record| record.own.end(endable, || (region, field))) {
        forget(region, field);
    }
}

/// Ends the entries that other threads have ended.
#[cold]
fn sweep() {
    RECORD.with(|record| record.own.take_ended(|(region, field)| forget(region, field)));
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
