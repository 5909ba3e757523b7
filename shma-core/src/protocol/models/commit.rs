//! Readers beside a committer: several fields are published as one.

use std::sync::Arc;

use loom::thread;

use super::Model;
use super::pair::{COMMITTER, Pair};

/// Reads both fields in this order: what was published as one is seen as one.
pub(super) fn read_both(pair: &Pair, [first, second]: [usize; 2]) {
    let Some(first) = pair.read(first) else { return };
    let Some(second) = pair.read(second) else { return };
    if first.is_transacted() {
        assert!(second.is_transacted(), "half a transaction: {first:?}, then {second:?}");
    }
}

/// Runs `commits` beside `read`.
fn beside(name: &str, commits: fn(&Pair), read: impl Fn(&Pair) + Send + Sync + 'static) -> Model {
    Model::new(format!("commit: {name}"), move || {
        let pair = Arc::new(Pair::new());
        let committer = thread::spawn({
            let pair = Arc::clone(&pair);
            move || commits(&pair)
        });
        read(&pair);
        committer.join().unwrap();
    })
}

fn one_transaction(order: [usize; 2]) -> Model {
    let commit = |pair: &Pair| pair.transact(COMMITTER, [true, true], [1, 1]);
    beside(&format!("reads in order {order:?}"), commit, move |pair| read_both(pair, order))
}

#[test]
fn a_transaction_is_seen_whole() {
    one_transaction([1, 0]).passes();
    // Versions are stored in order, so that a reader in this one meets the field that is behind.
    let model = one_transaction([0, 1]);
    model.passes();
    model.catches("commit-relaxed", "mixed value");
    model.catches("read-ignores-commit", "half a transaction");
    model.catches("read-version-once", "half a transaction");
}

#[test]
fn a_commit_that_has_ended_is_not_confirmed() {
    let commits = |pair: &Pair| {
        pair.transact(COMMITTER, [true, true], [1, 1]);
        pair.transact(COMMITTER, [true, false], [2, 2]);
    };
    let model = beside("a read beside two", commits, |pair| {
        pair.read(0);
    });
    let model = model.preempted_at_most(3);
    model.passes();
    model.catches("read-unconfirmed", "mixed value");
}

/// After a transaction one thread publishes field 0, and another commits a transaction in which
/// that field stays. A reader may have seen only that the first commit happened, and then find the
/// target of the second.
#[test]
fn a_field_that_stays_is_not_read_ahead() {
    let model = Model::new("commit: a field stays", || {
        let pair = Arc::new(Pair::new());
        let first = thread::spawn({
            let pair = Arc::clone(&pair);
            move || {
                pair.transact(COMMITTER, [true, true], [1, 1]);
                pair.publish(COMMITTER, 0, 2);
                pair.release(COMMITTER, 0);
                pair.release(COMMITTER, 1);
            }
        });
        let second = thread::spawn({
            let pair = Arc::clone(&pair);
            move || {
                if pair.semaphore(0).try_acquire_free(2) && pair.semaphore(1).try_acquire_free(2) {
                    pair.transact(2, [false, true], [3, 2]);
                }
            }
        });
        pair.read(0);
        first.join().unwrap();
        second.join().unwrap();
    });
    let model = model.preempted_at_most(2);
    model.passes();
    model.catches("commit-relaxed-stay", "mixed value");
}
