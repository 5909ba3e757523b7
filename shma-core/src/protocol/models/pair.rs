//! A region of two fields, both of whose semaphores a committer holds to begin with.
//!
//! A value is one word, which says what publication it is and whose.

use std::convert::Infallible;

use super::crew::Crew;
use super::desk::Desk;
use crate::protocol::commit::{self, Joined};
use crate::protocol::notify;
use crate::protocol::semaphore::{Acquired, Semaphore, Wait};
use crate::protocol::slots::Change;
use crate::sync::Ordering;
use crate::words;

/// The owner that holds both semaphores.
pub(super) const COMMITTER: u32 = 1;

pub(super) struct Pair {
    pub(super) desk: Desk<2, 1>,
    pub(super) crew: Crew,
}

/// What was read of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) version: u64,
    pub(super) author: u32,
}

impl Seen {
    /// Whether it is of the first transaction, or later: others publish each field once at most.
    pub(super) fn is_transacted(self) -> bool {
        self.author == COMMITTER || self.version > 2
    }
}

fn value(version: u64, author: u32) -> u64 {
    version | u64::from(author) << 32
}

/// What a value says of itself, which has to agree with the version under which it was read.
pub(super) fn seen((version, [value]): (u64, [u64; 1])) -> Seen {
    assert_eq!(value & 0xFFFF_FFFF, version, "mixed value");
    Seen { version, author: (value >> 32) as u32 }
}

impl Pair {
    pub(super) fn new() -> Self {
        let pair = Self { desk: Desk::new(2), crew: Crew::new() };
        for field in &pair.desk.fields {
            field.lock.store(COMMITTER, Ordering::Relaxed);
        }
        pair
    }

    pub(super) fn semaphore(&self, field: usize) -> Semaphore<'_> {
        Semaphore(&self.desk.fields[field].lock)
    }

    /// Publishes the fields that take part as one, after these versions.
    pub(super) fn transact(&self, author: u32, parts: [bool; 2], versions: [u64; 2]) {
        let values = versions.map(|version| value(version + 1, author).to_ne_bytes());
        let joined = [0, 1].into_iter().filter(|field| parts[*field]);
        let joined = joined.map(|field| Joined {
            slots: self.desk.slots(field),
            bytes: &values[field],
            store: words::store,
        });
        let published: Result<(), Infallible> =
            commit::publish(&self.desk.commit, self.desk.fields.iter(), joined, || Ok(()));
        published.expect("nothing refuses it");
    }

    /// Publishes one field.
    pub(super) fn publish(&self, author: u32, field: usize, version: u64) {
        let publication = self.desk.slots(field).begin(version, Change::Whole);
        words::store(publication.slot, &value(version + 1, author).to_ne_bytes());
        publication.publish();
    }

    /// Releases a semaphore after a publication.
    pub(super) fn release(&self, owner: u32, field: usize) {
        notify::release(&self.desk.fields[field], owner, true);
    }

    /// One try to read.
    pub(super) fn read(&self, field: usize) -> Option<Seen> {
        self.desk.read(field).map(seen)
    }

    /// The newest value, for the holder of the semaphore.
    pub(super) fn newest(&self, field: usize) -> Seen {
        seen(self.desk.newest(field))
    }

    /// Acquires a semaphore, and does all that a dead owner left undone. Returns whether that was
    /// possible.
    pub(super) fn acquire(&self, id: u32, field: usize, wait: Wait) -> bool {
        let semaphore = self.semaphore(field);
        let acquired = semaphore.acquire(&self.crew.member(id), id, wait);
        if acquired == Ok(Acquired::FromDead) {
            commit::inherit(&self.desk.commit, semaphore, || self.desk.fields.iter());
        }
        acquired.is_ok()
    }
}
