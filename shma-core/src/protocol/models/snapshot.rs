//! Snapshots: what is accepted stood together at one instant.

use std::sync::Arc;

use loom::thread;

use super::Model;
use super::pair::{COMMITTER, Pair, Seen, seen};
use crate::protocol::snapshot::{Attempt, Own, is_unchanged};
use crate::words;

/// One attempt at a snapshot, by a thread that has published nothing.
pub(super) fn snapshot(pair: &Pair) -> Option<[Seen; 2]> {
    attempt(pair, Own::Visible)
}

fn attempt(pair: &Pair, own: Own) -> Option<[Seen; 2]> {
    let attempt = Attempt::begin(&pair.desk.commit, own);
    let mut copied = [(0, [0]); 2];
    for (field, (version, value)) in copied.iter_mut().enumerate() {
        let bytes = bytemuck::cast_slice_mut(value);
        *version =
            attempt.copy(pair.desk.slots(field), |slot| words::load_over(slot, bytes)).ok()?;
    }
    let unchanged = |field: usize| is_unchanged(&pair.desk.fields[field], copied[field].0);
    attempt.confirm(|| (0..2).all(unchanged)).then(|| copied.map(seen))
}

/// Two transactions, each of both fields.
fn transactions() -> Model {
    Model::new("snapshot: two transactions", move || {
        let pair = Arc::new(Pair::new());
        let committer = thread::spawn({
            let pair = Arc::clone(&pair);
            move || {
                pair.transact(COMMITTER, [true, true], [1, 1]);
                pair.transact(COMMITTER, [true, true], [2, 2]);
            }
        });
        if let Some([first, second]) = snapshot(&pair) {
            assert_eq!(first.version, second.version, "half a transaction");
        }
        committer.join().unwrap();
    })
}

#[test]
fn a_snapshot_holds_transactions_whole() {
    let model = transactions().preempted_at_most(2);
    model.passes();
    model.catches("snapshot-commit-unconfirmed", "half a transaction");
}

/// One publishes both fields, one after the other.
fn in_order() -> Model {
    Model::new("snapshot: two publications in order", move || {
        let pair = Arc::new(Pair::new());
        let publisher = thread::spawn({
            let pair = Arc::clone(&pair);
            move || (0..2).for_each(|field| pair.publish(COMMITTER, field, 1))
        });
        if let Some([first, second]) = snapshot(&pair) {
            assert!(first.version >= second.version, "no cut: {first:?}, {second:?}");
        }
        publisher.join().unwrap();
    })
}

#[test]
fn a_snapshot_is_a_cut() {
    let model = in_order();
    model.passes();
    model.catches("snapshot-looks-once", "no cut");
}

/// Two publish a field each, two take a snapshot each.
fn disagreement() -> Model {
    Model::new("snapshot: two publishers, two snapshots", move || {
        let pair = Arc::new(Pair::new());
        let publish = |field| {
            let pair = Arc::clone(&pair);
            thread::spawn(move || pair.publish(COMMITTER, field, 1))
        };
        let publishers = [publish(0), publish(1)];
        let other = thread::spawn({
            let pair = Arc::clone(&pair);
            move || snapshot(&pair)
        });
        let one = snapshot(&pair);
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
    let model = disagreement().preempted_at_most(2);
    model.passes();
    model.catches("snapshot-acquire-fence", "no common order");
}

/// Two hold a semaphore each, publish without a locked instruction, and then take a snapshot.
fn holders() -> Model {
    Model::new("snapshot: two holders that publish", move || {
        let pair = Arc::new(Pair::new());
        let hold = |field| {
            let pair = Arc::clone(&pair);
            move || {
                pair.publish(COMMITTER, field, 1);
                attempt(&pair, Own::OnTheirWay)
            }
        };
        let other = thread::spawn(hold(1));
        let one = hold(0)();
        if let (Some(one), Some(other)) = (one, other.join().unwrap()) {
            let missed = one[1].version == 1 && other[0].version == 1;
            assert!(!missed, "each missed the other: {one:?}, {other:?}");
        }
    })
}

#[test]
fn of_two_holders_one_sees_what_the_other_has_published() {
    let model = holders();
    model.passes();
    model.catches("snapshot-forgets-own", "each missed the other");
}
