//! Several fields as one: readers beside a committer, and those who come after its death.
//!
//! A value is one word, which says what publication it is and whose.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use loom::thread;

use super::Model;
use super::crew::Crew;
use super::desk::Desk;
use crate::commit::{Commit, recover};
use crate::notify::Notify;
use crate::semaphore::{Acquired, Patience, Semaphore};
use crate::slots::Change;
use crate::stop::lives_for;
use crate::sync::Ordering;
use crate::words;

const FIELDS: usize = 2;

const COMMITTER: u32 = 1;

/// A region of two fields, both of whose semaphores the committer holds.
struct Region {
    desk: Desk<2, 1>,
    crew: Crew,
}

/// What was read of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    version: u64,
    author: u32,
}

fn value(version: u64, author: u32) -> u64 {
    version | u64::from(author) << 32
}

/// What a value says of itself, which has to agree with the version under which it was read.
fn seen(version: u64, value: [u64; 1]) -> Seen {
    let [value] = value;
    assert_eq!(value & 0xFFFF_FFFF, version, "mixed value");
    Seen { version, author: (value >> 32) as u32 }
}

impl Region {
    fn new() -> Self {
        let region = Self { desk: Desk::new(FIELDS), crew: Crew::new() };
        for field in &region.desk.fields {
            field.lock.store(COMMITTER, Ordering::Relaxed);
        }
        region
    }

    /// Publishes the fields that take part, after these versions.
    fn transact(&self, parts: [bool; FIELDS], versions: [u64; FIELDS]) {
        let mut commit = Commit::new(&self.desk.commit);
        let mut stores = Vec::new();
        for field in 0..FIELDS {
            let version = versions[field];
            if parts[field] {
                stores.push((commit.join(self.desk.slots(field), version), version + 1));
            } else {
                commit.stay(&self.desk.fields[field], version);
            }
        }
        for (slot, version) in stores {
            words::store(slot, &value(version, COMMITTER).to_ne_bytes());
        }
        commit.happen();
    }

    fn publish(&self, field: usize, version: u64, author: u32) {
        let publication = self.desk.slots(field).begin(version, Change::Whole);
        words::store(publication.slot, &value(version + 1, author).to_ne_bytes());
        publication.publish();
    }

    fn release(&self, field: usize, owner: u32) {
        Semaphore(&self.desk.fields[field].lock).release(owner);
        Notify(&self.desk.fields[field].notify).wake_if_announced();
    }

    fn read(&self, field: usize) -> Option<Seen> {
        self.desk.read(field).map(|(version, value)| seen(version, value))
    }

    /// Takes a field's semaphore if its owner is dead or gone, publishes, and returns what was
    /// there before.
    fn succeed(&self, field: usize, id: u32) -> Option<Seen> {
        let semaphore = Semaphore(&self.desk.fields[field].lock);
        let acquired = semaphore.acquire(&self.crew.member(id), Patience::None).ok()?;
        if acquired == Acquired::FromDead {
            recover(&self.desk.commit, self.desk.fields.iter());
            semaphore.wake_all();
            self.desk.fields.iter().for_each(|field| Notify(&field.notify).wake_announced());
        }
        let version = self.desk.newest(field);
        let before = seen(version, self.desk.load(field, version));
        self.publish(field, version, id);
        self.release(field, id);
        Some(before)
    }
}

/// Reads the fields in this order: what was published as one is seen as one.
fn read_in_order(region: &Region, order: [usize; FIELDS]) {
    let [first, second] = order;
let r1= region.read(first); let r2=region.read(second); eprintln!(" {r1:?}, {r2:?}");
    let (Some(first),Some(second)) = (r1,r2) else { return };
    if belongs_to_transaction(first) {
        assert!(belongs_to_transaction(second), "half a transaction: {first:?}, then {second:?}");
    }
}

/// Whether it is of the first transaction, or later. Others publish each field once.
fn belongs_to_transaction(seen: Seen) -> bool {
    seen.author == COMMITTER || seen.version > 2
}

/// Two transactions, the second of field 0 alone, beside a reader.
fn beside_committer(order: [usize; FIELDS]) -> Model {
    Model::new(format!("commit: two transactions, reads of {order:?}"), move || {
        let region = Arc::new(Region::new());
        let committer = thread::spawn({
            let region = Arc::clone(&region);
            move || {
                region.transact([true, true], [1, 1]);
                region.transact([true, false], [2, 2]);
            }
        });
        read_in_order(&region, order);
        committer.join().unwrap();
    })
}

#[test]
fn readers_see_transactions_whole() {
    for order in [[0, 1], [1, 0]] {
        let model = beside_committer(order);
        model.passes();
        model.catches("commit-relaxed", "");
        model.catches("read-ignores-commit", "half a transaction");
        model.catches("read-version-once", "half a transaction");
    }
    beside_committer([1, 0]).catches("read-unconfirmed", "mixed value");
}

/// After a transaction one publishes field 0, and another commits one in which it stays. The
/// reader, who has seen of all that only that the first commit happened, reads field 0.
fn staying() -> Model {
    Model::new("commit: a field stays", || {
        let region = Arc::new(Region::new());
        let first = thread::spawn({
            let region = Arc::clone(&region);
            move || {
                region.transact([true, true], [1, 1]);
                region.publish(0, 2, COMMITTER);
                region.release(0, COMMITTER);
                region.release(1, COMMITTER);
            }
        });
        let second = thread::spawn({
            let region = Arc::clone(&region);
            move || {
                let free = |field: usize| Semaphore(&region.desk.fields[field].lock).try_free(2);
                if free(0) && free(1) {
                    region.transact([false, true], [3, 2]);
                }
            }
        });
        let _ = region.read(0);
        first.join().unwrap();
        second.join().unwrap();
    })
}

#[test]
fn a_field_that_stays_is_not_read_ahead() {
    staying().passes();
}

/// The committer dies at the place after so many; returns the model, and whether anybody died.
fn death(places: usize, name: &str, rest: fn(&Arc<Region>)) -> (Model, Arc<AtomicBool>) {
    let died = Arc::new(AtomicBool::new(false));
    let model = Model::new(format!("commit: death at place {places}, {name}"), {
        let died = Arc::clone(&died);
        move || {
            let region = Arc::new(Region::new());
            let committer = thread::spawn({
                let (region, died) = (Arc::clone(&region), Arc::clone(&died));
                move || {
                    if lives_for(places, || region.transact([true, true], [1, 1])) {
                        (0..FIELDS).for_each(|field| region.release(field, COMMITTER));
                    } else {
                        died.store(true, std::sync::atomic::Ordering::Relaxed);
                        region.crew.bury(COMMITTER);
                    }
                }
            });
            rest(&region);
            committer.join().unwrap();
        }
    });
    (model, died)
}

fn one_successor_and_a_reader(region: &Arc<Region>) {
    let successor = thread::spawn({
        let region = Arc::clone(region);
        move || { let s = region.succeed(1, 2); eprint!("{s:?} "); }
    });
    read_in_order(region, [1, 0]);
    successor.join().unwrap();
}

#[test]
fn x1() {
    for places in 0.. {
        let (model, died) = death(places, "one successor, a reader", one_successor_and_a_reader);
        if places > 1 {break}
        model.passes();
        if !died.load(std::sync::atomic::Ordering::Relaxed) {
            break;
        }
    }
}
