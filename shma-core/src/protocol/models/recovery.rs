//! The successors of a committer that has died, at each place of its commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use loom::thread;

use super::Model;
use super::commit::read_both;
use super::pair::{COMMITTER, Pair, Seen};
use super::snapshot::snapshot;
use crate::protocol::notify::{self, Turn};
use crate::protocol::semaphore::Wait;
use crate::sync::stop::lives_for;

/// The place in a transaction of both fields at which it has just happened.
const HAPPENED: usize = 7;

/// Checks a model for each place at which a thread can die, from `first` on, and the one in which
/// it lives. `run` gets the place, and returns whether it lived.
pub(super) fn at_each_place(
    name: &str,
    first: usize,
    run: fn(usize) -> bool,
    check: impl Fn(usize, Model),
) {
    for places in first.. {
        let died = Arc::new(AtomicBool::new(false));
        let run = {
            let died = Arc::clone(&died);
            // Relaxed: loom runs all of it on one thread.
            move || died.store(!run(places), Ordering::Relaxed)
        };
        check(places, Model::new(format!("recovery: {name}, death at place {places}"), run));
        if !died.load(Ordering::Relaxed) {
            return;
        }
    }
}

/// Runs a life that may end early. Returns whether it did not.
fn live(pair: &Pair, id: u32, places: usize, life: impl FnOnce()) -> bool {
    let lived = lives_for(places, life);
    if !lived {
        pair.crew.bury(id);
    }
    lived
}

fn commit(pair: &Pair) {
    pair.transact(COMMITTER, [true, true], [1, 1]);
    (0..2).for_each(|field| pair.release(COMMITTER, field));
}

/// Acquires a semaphore if it can without waiting, and publishes.
fn succeed(pair: &Pair, id: u32, field: usize) {
    if pair.acquire(id, field, Wait::No) {
        pair.publish(id, field, pair.newest(field).version);
        pair.release(id, field);
    }
}

/// Takes what all have left, whole or not at all, and returns it.
fn inherit(pair: &Pair) -> [Seen; 2] {
    let left = [0, 1].map(|field| {
        assert!(pair.acquire(9, field, Wait::No), "it is held for ever");
        pair.newest(field)
    });
    assert_eq!(left[0].is_transacted(), left[1].is_transacted(), "half a transaction: {left:?}");
    left
}

/// A committer that may die, beside a successor of field 0 and a reader.
fn successor_and_reader(places: usize) -> bool {
    let pair = Arc::new(Pair::new());
    let committer = thread::spawn({
        let pair = Arc::clone(&pair);
        move || live(&pair, COMMITTER, places, || commit(&pair))
    });
    let successor = thread::spawn({
        let pair = Arc::clone(&pair);
        move || succeed(&pair, 2, 0)
    });
    read_both(&pair, [0, 1]);
    successor.join().unwrap();
    let lived = committer.join().unwrap();
    inherit(&pair);
    lived
}

#[test]
fn readers_see_all_of_it_or_nothing() {
    at_each_place("a reader", 0, successor_and_reader, |places, model| {
        let model = model.preempted_at_most(2);
        model.passes();
        if places == HAPPENED {
            model.catches("recover-relaxed-version", "mixed value");
            model.catches("recover-relaxed-commit", "half a transaction");
        }
    });
}

/// A committer that may die, beside a successor of field 1 and a snapshot.
fn successor_and_snapshot(places: usize) -> bool {
    let pair = Arc::new(Pair::new());
    let committer = thread::spawn({
        let pair = Arc::clone(&pair);
        move || live(&pair, COMMITTER, places, || commit(&pair))
    });
    let successor = thread::spawn({
        let pair = Arc::clone(&pair);
        move || succeed(&pair, 2, 1)
    });
    if let Some(cut) = snapshot(&pair) {
        assert_eq!(cut[0].is_transacted(), cut[1].is_transacted(), "half a transaction: {cut:?}");
    }
    successor.join().unwrap();
    committer.join().unwrap()
}

#[test]
fn snapshots_hold_all_of_it_or_nothing() {
    at_each_place("a snapshot", 0, successor_and_snapshot, |_, model| {
        model.preempted_at_most(2).passes();
    });
}

/// A committer that may die, and one successor of each field.
fn two_successors(places: usize) -> bool {
    let pair = Arc::new(Pair::new());
    let committer = thread::spawn({
        let pair = Arc::clone(&pair);
        move || live(&pair, COMMITTER, places, || commit(&pair))
    });
    let successor = thread::spawn({
        let pair = Arc::clone(&pair);
        move || succeed(&pair, 3, 1)
    });
    succeed(&pair, 2, 0);
    successor.join().unwrap();
    let lived = committer.join().unwrap();
    inherit(&pair);
    lived
}

#[test]
fn successors_find_all_of_it_or_nothing() {
    at_each_place("two successors", 0, two_successors, |places, model| {
        let model = model.preempted_at_most(3);
        model.passes_either_way();
        if places == HAPPENED {
            model.catches("recover-plain-version", "Causality violation");
            model.catches("recover-relaxed-failure", "Causality violation");
        }
    });
}

/// The committer has died when it had just happened. One successor may die too, wherever it is, and
/// two come after it.
fn mortal_successor(places: usize) -> bool {
    let pair = Arc::new(Pair::new());
    live(&pair, COMMITTER, HAPPENED, || commit(&pair));
    let mortal = thread::spawn({
        let pair = Arc::clone(&pair);
        move || live(&pair, 2, places, || succeed(&pair, 2, 0))
    });
    let other = thread::spawn({
        let pair = Arc::clone(&pair);
        move || succeed(&pair, 3, 1)
    });
    succeed(&pair, 4, 0);
    other.join().unwrap();
    let lived = mortal.join().unwrap();
    let left = inherit(&pair);
    assert!(left[0].is_transacted(), "the transaction is lost");
    lived
}

#[test]
fn successors_may_die_too() {
    at_each_place("a mortal successor", 0, mortal_successor, |_, model| {
        model.preempted_at_most(2).passes();
    });
}

/// A committer that dies after its commit, a waiter for field 1, and a successor of field 0. The
/// successor never touches the lock word in which that waiter meets publishers.
fn waiter(places: usize) -> bool {
    let pair = Arc::new(Pair::new());
    let committer = thread::spawn({
        let pair = Arc::clone(&pair);
        move || live(&pair, COMMITTER, places, || commit(&pair))
    });
    let waiter = thread::spawn({
        let pair = Arc::clone(&pair);
        move || {
            let newer = notify::wait_any(&[(pair.desk.slots(1), 1)], || Turn::Sleep(Duration::MAX));
            assert_eq!(newer, Some((0, 2)));
        }
    });
    assert!(pair.acquire(2, 0, Wait::Forever));
    pair.release(2, 0);
    waiter.join().unwrap();
    committer.join().unwrap()
}

#[test]
fn waiters_learn_of_what_is_recovered() {
    at_each_place("a waiter", HAPPENED, waiter, |_, model| {
        model.preempted_at_most(2).passes_either_way();
    });
}

/// A stale target, left by a committer that died before its commit happened, is not redone together
/// with the next commit, in which that field stays.
#[test]
fn what_never_happened_is_not_redone() {
    let model = Model::new("recovery: two deaths, a field stays", || {
        let pair = Pair::new();
        live(&pair, COMMITTER, HAPPENED - 1, || commit(&pair));
        assert!((0..2).all(|field| pair.acquire(2, field, Wait::No)));
        // Field 0 alone takes part: three places less.
        live(&pair, 2, HAPPENED - 3, || pair.transact(2, [true, false], [1, 1]));
        assert_eq!(inherit(&pair).map(|seen| seen.version), [2, 1]);
    });
    model.passes();
    model.catches("commit-stays-unsaid", "half a transaction");
}
