//! What a thread holds and any thread may give back.
//!
//! What a thread holds is recorded with the thread, where another one does not get at it. So a guard that
//! changes threads has a place in a table of its own thread, and a bit that says that it has ended. The
//! thread looks at the bits when it finds that it holds something, which is rare.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::region::RegionKey;

/// A held semaphore: the region, and the number of the field.
pub(super) type Entry = (RegionKey, usize);

thread_local! {
    /// Nearly always one.
    static TABLES: RefCell<Vec<Table>> = const { RefCell::new(Vec::new()) };
}

/// Up to 64 entries of one thread.
struct Table {
    entries: Vec<Entry>,
    /// The places that are taken, a bit each.
    taken: u64,
    /// Those of them that another thread has ended.
    ended: Arc<AtomicU64>,
}

const FULL: u64 = u64::MAX;

impl Table {
    /// Puts an entry into a free place.
    #[inline]
    fn put(&mut self, entry: Entry) -> Endable {
        let place = (!self.taken).trailing_zeros();
        match self.entries.get_mut(place as usize) {
            Some(free) => *free = entry,
            None => self.entries.push(entry),
        }
        self.taken |= 1 << place;
        Endable { ended: Arc::clone(&self.ended), place }
    }
}

/// Gives `end` the entries of the calling thread that others have ended.
pub(super) fn take_ended(mut end: impl FnMut(Entry)) {
    // A thread that is on its way out, and has no tables any more, holds what it holds.
    let _ = TABLES.try_with(|tables| {
        for table in tables.borrow_mut().iter_mut() {
            // Relaxed, here and in `Endable`: nothing is read because of it. A thread that sees an end
            // before the semaphore is free waits for that, as for any other holder.
            let mut ended = table.ended.swap(0, Ordering::Relaxed);
            table.taken &= !ended;
            while ended != 0 {
                end(table.entries[ended.trailing_zeros() as usize]);
                ended &= ended - 1;
            }
        }
    });
}

/// An entry of the thread that made it, which any thread may [end](Self::end).
#[derive(Debug)]
pub(super) struct Endable {
    /// That of the table that it has its place in.
    ended: Arc<AtomicU64>,
    place: u32,
}

impl Endable {
    /// Makes an entry that the thread has noted one that any thread may end.
    #[inline]
    pub(super) fn new(entry: Entry) -> Self {
        let put = TABLES.try_with(|tables| {
            let mut tables = tables.borrow_mut();
            match tables.iter_mut().find(|table| table.taken != FULL) {
                Some(table) => table.put(entry),
                None => put_into_another(&mut tables, entry),
            }
        });
        // Without tables it is no thread's: the one that made it is on its way out.
        put.unwrap_or_else(|_| Self { ended: Arc::default(), place: 0 })
    }

    /// Whether the calling thread made it.
    #[inline]
    pub(super) fn is_own(&self) -> bool {
        self.free(0)
    }

    /// Frees these places of the table, if that is the calling thread's.
    #[inline]
    fn free(&self, places: u64) -> bool {
        let found = TABLES.try_with(|tables| {
            let mut tables = tables.borrow_mut();
            let own = tables.iter_mut().find(|table| Arc::ptr_eq(&table.ended, &self.ended));
            own.map(|table| table.taken &= !places).is_some()
        });
        found.unwrap_or(false)
    }

    /// Ends the entry. True in the thread that made it, which has to forget it then.
    #[inline]
    pub(super) fn end(&self) -> bool {
        let own = self.free(1 << self.place);
        if !own {
            self.ended.fetch_or(1 << self.place, Ordering::Relaxed);
        }
        own
    }
}

#[cold]
fn put_into_another(tables: &mut Vec<Table>, entry: Entry) -> Endable {
    let mut table = Table { entries: Vec::new(), taken: 0, ended: Arc::default() };
    let endable = table.put(entry);
    tables.push(table);
    endable
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::{Endable, take_ended};
    use crate::os::FileId;
    use crate::partition::lock_order::{any, forget, note};
    use crate::region::RegionKey;

    fn region() -> RegionKey {
        let stat = rustix::fs::stat("/").expect("the root can be looked at");
        RegionKey { file: FileId::of(&stat), generation: 1 }
    }

    /// Ends when it is dropped.
    struct Held(Endable, usize);

    impl Drop for Held {
        fn drop(&mut self) {
            if self.0.end() {
                forget(region(), self.1);
            }
        }
    }

    fn hold(field: usize) -> Held {
        assert_eq!(note(region(), field..=field), Ok(()));
        Held(Endable::new((region(), field)), field)
    }

    /// More than one table, places that are used again, and ends here and elsewhere.
    #[test]
    fn entries_end_in_any_thread_and_any_order() {
        for round in 0..3 {
            let held: Vec<_> = (0..200).map(hold).collect();
            assert!(held.iter().all(|held| held.0.is_own()));
            let (here, elsewhere): (Vec<_>, Vec<_>) =
                held.into_iter().partition(|held| (held.1 + round) % 3 == 0);
            thread::scope(|scope| {
                scope.spawn(|| {
                    assert!(!elsewhere.iter().any(|held| held.0.is_own()));
                    drop(elsewhere);
                });
            });
            assert!(any(region()));
            drop(here);
            assert!(!any(region()), "an entry is left");
            drop(hold(0));
        }
        take_ended(|_| panic!("it was taken before"));
    }

    /// What a thread leaves behind when it ends is no other thread's.
    #[test]
    fn an_entry_outlives_its_thread() {
        let left = thread::spawn(|| hold(7)).join().expect("it does not panic");
        assert!(!left.0.is_own() && !any(region()));
        drop(left);
        drop(hold(7));
    }
}
