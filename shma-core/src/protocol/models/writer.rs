//! A holder that publishes more than once under one acquisition. It wakes the waiters without a
//! fence of its own, and may die at any place of any publication.

use std::sync::Arc;
use std::time::Duration;

use loom::thread;

use super::Model;
use super::crew::Crew;
use super::desk::Desk;
use super::recovery::at_each_place;
use crate::os::{self, Refused};
use crate::protocol::commit;
use crate::protocol::notify::{self, Kept, Turn};
use crate::protocol::semaphore::{Acquired, Semaphore, Wait};
use crate::protocol::slots::Change;
use crate::sync::stop::lives_for;

const HOLDER: u32 = 1;
const SUCCESSOR: u32 = 2;

/// Two slots of two words.
type TwoWords = Desk<2, 2>;

/// A field, and the owners of its semaphore.
struct Field {
    desk: TwoWords,
    crew: Crew,
}

impl Field {
    fn new() -> Arc<Self> {
        Arc::new(Self { desk: Desk::new(1), crew: Crew::new() })
    }

    fn semaphore(&self) -> Semaphore<'_> {
        Semaphore(&self.desk.fields[0].lock)
    }

    /// Acquires the semaphore, publishes so many times, and releases it.
    fn hold(&self, kept: Kept, times: u64, change: fn(u64) -> Change) {
        let mine = kept.mark(HOLDER);
        let member = self.crew.member(HOLDER);
        let acquired = self.semaphore().acquire(&member, mine, Wait::Forever);
        acquired.expect("it waits for ever");
        let (first, _) = self.desk.newest(0);
        for version in first..first + times {
            self.desk.begin(0, version, change(version + 1)).publish();
            notify::wake_kept(&self.desk.fields[0], kept);
        }
        self.semaphore().release(mine);
    }

    /// As `hold`, for a life that ends after so many places. Returns whether it did not.
    fn live(&self, places: usize, times: u64, change: fn(u64) -> Change) -> bool {
        let lived = lives_for(places, || self.hold(Kept::Fenced, times, change));
        if !lived {
            self.crew.bury(HOLDER);
        }
        lived
    }

    /// Acquires the semaphore after the holder, or before it, and publishes the word that the
    /// latest publication has changed.
    fn succeed(&self) {
        let (semaphore, member) = (self.semaphore(), self.crew.member(SUCCESSOR));
        let acquired = semaphore.acquire(&member, SUCCESSOR, Wait::Forever);
        if acquired.expect("it waits for ever") == Acquired::FromDead {
            commit::inherit(&self.desk.commit, semaphore, || self.desk.fields.iter());
        }
        let (version, mut value) = self.desk.newest(0);
        let next = version + 1;
        self.desk.begin(0, version, by_turns(version)).publish();
        value[version as usize % 2] = next;
        assert_eq!(self.desk.newest(0), (next, value), "mixed value");
        notify::release(&self.desk.fields[0], SUCCESSOR, true);
    }

    /// Waits for one publication after the other up to `until`.
    fn wait(&self, until: u64) {
        let mut since = 1;
        while since < until {
            let sleep = || Turn::Sleep(Duration::MAX);
            let newer = notify::wait_any(&[(self.desk.slots(0), since)], sleep);
            let (_, version) = newer.expect("it never gives up");
            assert!(version > since, "went back from {since} to {version}");
            since = version;
        }
    }
}

fn whole(_: u64) -> Change {
    Change::Whole
}

/// Word 0 and word 1 by turns.
fn by_turns(version: u64) -> Change {
    let word = version as usize % 2;
    Change::Words(word..word + 1)
}

/// Each publication stores its number into a word, so the greater one is its own.
fn check(version: u64, value: [u64; 2]) {
    assert_eq!(value.iter().max(), Some(&version), "mixed value {value:?} of {version}");
}

/// One publishes `2..=until` under one acquisition, another waits for each.
fn waiting(until: u64, waiters: usize, refused: Option<Refused>) -> Model {
    let name =
        format!("writer: {} publications, {waiters} waiters, refused {refused:?}", until - 1);
    Model::new(name, move || {
        if let Some(what) = refused {
            os::refuse(what);
        }
        let field = Field::new();
        let waiters: Vec<_> = (0..waiters)
            .map(|_| {
                let field = Arc::clone(&field);
                thread::spawn(move || field.wait(until))
            })
            .collect();
        field.hold(Kept::prepare(), until - 1, whole);
        for waiter in waiters {
            waiter.join().unwrap();
        }
    })
}

#[test]
fn a_waiter_learns_of_what_is_published_while_the_semaphore_is_held() {
    let model = waiting(2, 1, None);
    model.passes_either_way();
    model.catches("notify-no-heavy-fence", "deadlock");
    model.catches("notify-no-light-fence", "deadlock");
    model.catches("notify-looks-once", "deadlock");
    model.catches("notify-meets-none", "deadlock");
    model.catches("notify-same-word", "deadlock");
    model.catches("writer-unmarked", "deadlock");
    model.catches("semaphore-relaxed-meeting", "deadlock");
}

#[test]
fn a_waiter_learns_of_every_publication_of_one_holder() {
    waiting(3, 1, None).preempted_at_most(2).passes_either_way();
    waiting(2, 2, None).preempted_at_most(2).passes_either_way();
}

#[test]
fn a_holder_that_no_heavy_fence_reaches_meets_waiters_in_the_lock_word() {
    let model = waiting(2, 1, Some(Refused::Accepting));
    model.passes_either_way();
    model.catches("notify-untouched", "deadlock");
    model.catches("notify-meets-none", "deadlock");
    model.catches("semaphore-relaxed-meeting", "deadlock");
    waiting(3, 1, Some(Refused::Accepting)).preempted_at_most(2).passes_either_way();
}

#[test]
fn a_waiter_without_heavy_fences_polls() {
    let model = waiting(2, 1, Some(Refused::Heavy)).preempted_at_most(3);
    model.passes_either_way();
    model.catches("notify-sleeps-unsure", "deadlock");
}

#[test]
fn a_waiter_looks_again_where_a_heavy_fence_may_miss_the_holder() {
    let model = waiting(2, 1, Some(Refused::Reaching));
    model.passes_either_way();
    model.catches("notify-trusts-heavy-fence", "deadlock");
    model.catches("notify-looks-once", "deadlock");
    model.catches("notify-no-light-fence", "deadlock");
    waiting(3, 1, Some(Refused::Reaching)).preempted_at_most(2).passes_either_way();
}

/// A holder that may die, beside a reader and the one that comes after it.
fn successor_and_reader(places: usize) -> bool {
    const TIMES: u64 = 2;
    let field = Field::new();
    let holder = thread::spawn({
        let field = Arc::clone(&field);
        move || field.live(places, TIMES, by_turns)
    });
    let reader = thread::spawn({
        let field = Arc::clone(&field);
        move || {
            if let Some((version, value)) = field.desk.read(0) {
                check(version, value);
            }
        }
    });
    field.succeed();
    reader.join().unwrap();
    let lived = holder.join().unwrap();
    assert!(!lived || field.desk.newest(0).0 == 1 + TIMES + 1, "a publication is lost");
    lived
}

#[test]
fn a_death_in_any_publication_leaves_the_last_one_whole() {
    at_each_place("a writer, its successor, a reader", 0, successor_and_reader, |places, model| {
        let model = model.preempted_at_most(2);
        model.passes();
        if places == SECOND_STORED {
            model.catches("slots-own-word-skipped", "mixed value");
        }
    });
}

/// The place in the second of two publications of a word at which that word has just been stored.
const SECOND_STORED: usize = 9;

/// A waiter beside a holder that dies, with no successor but the one that wakes it.
fn waiter_and_successor(places: usize) -> bool {
    let field = Field::new();
    let holder = thread::spawn({
        let field = Arc::clone(&field);
        move || field.live(places, 2, whole)
    });
    let waiter = thread::spawn({
        let field = Arc::clone(&field);
        // One of the two ends its wait, or the successor's does.
        move || field.wait(2)
    });
    field.succeed();
    waiter.join().unwrap();
    holder.join().unwrap()
}

#[test]
fn a_waiter_outlives_the_holder() {
    at_each_place("a writer, its successor, a waiter", 0, waiter_and_successor, |_, model| {
        model.preempted_at_most(2).passes();
    });
}
