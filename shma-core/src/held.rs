//! Which semaphores the calling thread holds.
//!
//! A thread that waited for a semaphore it holds, or for one whose holder waits for it, would wait
//! for ever. So nested updates go in declaration order, and this record finds what does not.

use std::cell::RefCell;
use std::mem::ManuallyDrop;

use crate::os::FileId;

/// A region as this process knows it: two attachments to one region are one here, and a fork
/// child's are not its parent's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RegionKey {
    pub(crate) file: FileId,
    pub(crate) generation: u64,
}

/// A held semaphore: the region, and the number of the field.
type Entry = (RegionKey, usize);

/// Deeper nesting than this allocates.
const INLINE: usize = 4;

/// What a thread holds, innermost last.
struct Record {
    shallow: [Option<Entry>; INLINE],
    len: usize,
    /// Not dropped with the thread: it is given back as soon as it is empty, and that a
    /// thread-local needs no destructor makes it cheap to find.
    deep: ManuallyDrop<Vec<Entry>>,
}

thread_local! {
    static RECORD: RefCell<Record> = const {
        RefCell::new(Record {
            shallow: [None; INLINE],
            len: 0,
            deep: ManuallyDrop::new(Vec::new()),
        })
    };
}

impl Record {
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.shallow[..self.len].iter().flatten().chain(self.deep.iter())
    }

    fn push(&mut self, entry: Entry) {
        match self.shallow.get_mut(self.len) {
            Some(place) => {
                *place = Some(entry);
                self.len += 1;
            }
            None => self.deep.push(entry),
        }
    }

    /// Removes the latest entry that is this one.
    fn remove(&mut self, entry: Entry) {
        if let Some(at) = self.deep.iter().rposition(|deep| *deep == entry) {
            self.deep.remove(at);
            if self.deep.is_empty() {
                *self.deep = Vec::new();
            }
        } else if let Some(at) = self.shallow[..self.len].iter().rposition(|e| *e == Some(entry)) {
            self.shallow.copy_within(at + 1..self.len, at);
            self.len -= 1;
            if let Some(deep) = (!self.deep.is_empty()).then(|| self.deep.remove(0)) {
                self.push(deep);
            }
        }
    }
}

/// Notes that the thread is about to take the semaphore of a field, or tells which field that it
/// holds stands in the way. What is noted is to be [forgotten](forget).
#[inline]
pub(crate) fn note(region: RegionKey, field: usize) -> Result<(), usize> {
    RECORD.with_borrow_mut(|record| {
        if record.len > 0 {
            let of_region = record.entries().filter(|entry| entry.0 == region);
            if let Some(latest) = of_region.map(|entry| entry.1).max().filter(|held| *held >= field)
            {
                return Err(latest);
            }
        }
        record.push((region, field));
        Ok(())
    })
}

/// Ends what [`note`] has noted.
#[inline]
pub(crate) fn forget(region: RegionKey, field: usize) {
    RECORD.with_borrow_mut(|record| record.remove((region, field)));
}

/// Whether the thread holds any semaphore of the region.
pub(crate) fn any(region: RegionKey) -> bool {
    RECORD.with_borrow(|record| record.entries().any(|entry| entry.0 == region))
}

#[cfg(test)]
mod tests {
    use super::{INLINE, RegionKey, any, forget, note};
    use crate::os::FileId;

    fn region(generation: u64) -> RegionKey {
        let stat = rustix::fs::stat("/").expect("the root can be looked at");
        RegionKey { file: FileId::of(&stat), generation }
    }

    /// Guards end in any order, and more are nested than the record holds without allocating.
    #[test]
    fn an_entry_is_lost_or_stays_when_guards_end_out_of_order() {
        let (one, other) = (region(1), region(2));
        let all: Vec<_> = (0..3 * INLINE).flat_map(|i| [(one, i), (other, i)]).collect();
        for &(region, field) in &all {
            assert_eq!(note(region, field), Ok(()));
            assert_eq!(note(region, field), Err(field));
        }
        for (gone, &(region, field)) in all.iter().enumerate() {
            forget(region, field);
            let left = all[gone + 1..].iter().filter(|entry| entry.0 == region);
            assert_eq!(any(region), left.clone().count() > 0);
            if let Some((_, latest)) = left.max_by_key(|entry| entry.1) {
                assert_eq!(note(region, 0), Err(*latest));
            }
        }
        assert_eq!(note(one, 0), Ok(()));
        forget(one, 0);
    }
}
