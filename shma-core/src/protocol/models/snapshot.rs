//! Snapshots: what is accepted stood together at one instant.
//!
//! The steps are those of `cut`, which is not compiled here.

use std::sync::Arc;

use loom::thread;

use super::Model;
use super::pair::{COMMITTER, Pair, Seen, seen};
use crate::sync::{Ordering, fence, load_acquire_64};

/// How to take a snapshot wrongly.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fault {
    None,
    /// The fence orders the second looks behind the first ones of this thread alone.
    AcquireOnly,
    /// The versions are not looked at again.
    FirstLooksOnly,
    /// The commit word is not looked at again.
    CommitUnconfirmed,
}

pub(super) fn snapshot(pair: &Pair, fault: Fault) -> Option<[Seen; 2]> {
    let commit = load_acquire_64(&pair.desk.commit);
    let mut copied = Vec::new();
    for field in 0..2 {
        let slots = pair.desk.slots(field);
        let version = slots.enter_snapshot(commit);
        let value = pair.desk.load(field, version);
        if !slots.is_intact(version) {
            return None;
        }
        copied.push((version, value));
    }
    fence(if fault == Fault::AcquireOnly { Ordering::Acquire } else { Ordering::SeqCst });
    let version = |field: usize| pair.desk.fields[field].version.load(Ordering::Relaxed);
    let stood = !commit.is_multiple_of(2)
        || fault == Fault::FirstLooksOnly
        || (0..2).all(|field| version(field) == copied[field].0);
    let confirmed =
        fault == Fault::CommitUnconfirmed || pair.desk.commit.load(Ordering::Relaxed) == commit;
    (stood && confirmed).then(|| [seen(copied[0]), seen(copied[1])])
}

/// Two transactions, each of both fields.
fn transactions(fault: Fault) -> Model {
    Model::new("snapshot: two transactions", move || {
        let pair = Arc::new(Pair::new());
        let committer = thread::spawn({
            let pair = Arc::clone(&pair);
            move || {
                pair.transact(COMMITTER, [true, true], [1, 1]);
                pair.transact(COMMITTER, [true, true], [2, 2]);
            }
        });
        if let Some([first, second]) = snapshot(&pair, fault) {
            assert_eq!(first.version, second.version, "half a transaction");
        }
        committer.join().unwrap();
    })
}

#[test]
fn a_snapshot_holds_transactions_whole() {
    transactions(Fault::None).preempted_at_most(2).passes();
    transactions(Fault::CommitUnconfirmed).preempted_at_most(2).fails("half a transaction");
}

/// One publishes both fields, one after the other.
fn in_order(fault: Fault) -> Model {
    Model::new("snapshot: two publications in order", move || {
        let pair = Arc::new(Pair::new());
        let publisher = thread::spawn({
            let pair = Arc::clone(&pair);
            move || (0..2).for_each(|field| pair.publish(COMMITTER, field, 1))
        });
        if let Some([first, second]) = snapshot(&pair, fault) {
            assert!(first.version >= second.version, "no cut: {first:?}, {second:?}");
        }
        publisher.join().unwrap();
    })
}

#[test]
fn a_snapshot_is_a_cut() {
    in_order(Fault::None).passes();
    in_order(Fault::FirstLooksOnly).fails("no cut");
}

/// Two publish a field each, two take a snapshot each.
fn disagreement(fault: Fault) -> Model {
    Model::new("snapshot: two publishers, two snapshots", move || {
        let pair = Arc::new(Pair::new());
        let publish = |field| {
            let pair = Arc::clone(&pair);
            thread::spawn(move || pair.publish(COMMITTER, field, 1))
        };
        let publishers = [publish(0), publish(1)];
        let other = thread::spawn({
            let pair = Arc::clone(&pair);
            move || snapshot(&pair, fault)
        });
        let one = snapshot(&pair, fault);
        if let (Some(one), Some(other)) = (one, other.join().unwrap()) {
            let [one, other] = [one, other].map(|cut| cut.map(|seen| seen.version));
            let opposite = one != other && one[0] + one[1] == 3 && other[0] + other[1] == 3;
            assert!(!opposite, "no common order: {one:?}, {other:?}");
        }
        for publisher in publishers {
            publisher.join().unwrap();
        }
    })
}

#[test]
fn snapshots_agree_on_an_order() {
    disagreement(Fault::None).preempted_at_most(2).passes();
    disagreement(Fault::AcquireOnly).preempted_at_most(2).fails("no common order");
}
