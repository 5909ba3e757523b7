//! A waiter learns of each publication: a lost wake-up is a deadlock here.

use std::sync::Arc;
use std::time::Duration;

use loom::thread;

use super::Model;
use super::desk::Desk;
use crate::protocol::notify::{self, Notify, Turn};
use crate::protocol::semaphore::Semaphore;
use crate::protocol::slots::Change;
use crate::sync::{AtomicU32, Ordering};

/// Two slots of one word.
type OneWord = Desk<2, 1>;

const PUBLISHER: u32 = 1;

/// Publishes `2..=until` as a writer does, with no other writer in the way.
fn publish(desk: &OneWord, field: usize, until: u64) {
    let control = &desk.fields[field];
    for version in 1..until {
        assert!(Semaphore(&control.lock).try_acquire_free(PUBLISHER));
        desk.begin(field, version, Change::Whole).publish();
        notify::release(control, PUBLISHER, true);
    }
}

/// A waiter's turn: it sleeps whenever there is nothing newer.
fn sleep() -> Turn {
    Turn::Sleep(Duration::MAX)
}

/// One publishes `2..=until`, so many others wait for each in turn until they have the last one.
fn waiting(until: u64, waiters: usize) -> Model {
    Model::new(format!("notify: {} publications, {waiters} waiters", until - 1), move || {
        let desk = Arc::new(OneWord::new(1));
        let waiters: Vec<_> = (0..waiters)
            .map(|_| {
                let desk = Arc::clone(&desk);
                thread::spawn(move || {
                    let mut since = 1;
                    while since < until {
                        let newer = notify::wait_any(&[(desk.slots(0), since)], sleep);
                        let (_, version) = newer.expect("it never gives up");
                        assert!(version > since, "went back from {since} to {version}");
                        since = version;
                    }
                })
            })
            .collect();
        publish(&desk, 0, until);
        for waiter in waiters {
            waiter.join().unwrap();
        }
    })
}

#[test]
fn a_waiter_learns_of_a_publication() {
    let model = waiting(2, 1);
    model.passes_either_way();
    model.catches("notify-same-word", "deadlock");
    model.catches("semaphore-relaxed-release", "deadlock");
    model.catches("semaphore-deaf-release", "deadlock");
    model.catches("semaphore-relaxed-meeting", "deadlock");
}

#[test]
fn a_waiter_has_to_look_again() {
    let model = waiting(2, 1);
    model.catches("notify-looks-once", "deadlock");
    model.catches("notify-meets-none", "deadlock");
}

#[test]
fn a_waiter_learns_of_every_publication() {
    waiting(3, 1).preempted_at_most(2).passes_either_way();
}

#[test]
fn two_waiters_learn_of_a_publication() {
    waiting(2, 2).preempted_at_most(2).passes_either_way();
}

/// Two fields are published by a process each, and one waits for both at once until it has both.
fn waiting_for_two() -> Model {
    Model::new("notify: a waiter for two fields", || {
        let desk = Arc::new(OneWord::new(2));
        let waiter = thread::spawn({
            let desk = Arc::clone(&desk);
            move || {
                let mut seen = [1, 1];
                while seen != [2, 2] {
                    let [first, second] = seen;
                    let both = [(desk.slots(0), first), (desk.slots(1), second)];
                    let (at, version) = notify::wait_any(&both, sleep).expect("it never gives up");
                    assert_eq!((seen[at], version), (1, 2));
                    seen[at] = version;
                }
            }
        });
        let other = thread::spawn({
            let desk = Arc::clone(&desk);
            move || publish(&desk, 1, 2)
        });
        publish(&desk, 0, 2);
        for thread in [waiter, other] {
            thread.join().unwrap();
        }
    })
}

#[test]
fn a_waiter_learns_of_each_of_two_fields() {
    let model = waiting_for_two().preempted_at_most(2);
    model.passes();
    model.catches("wait-any-announces-one", "deadlock");
    model.catches("notify-same-word", "deadlock");
    model.catches("notify-looks-once", "deadlock");
    model.catches("notify-meets-none", "deadlock");
}

/// The region loses its name while one waits, which looks at the name before each sleep.
#[test]
fn a_waiter_learns_of_the_end() {
    let model = Model::new("notify: the end", || {
        let desk = Arc::new(OneWord::new(1));
        let links = Arc::new(AtomicU32::new(1));
        let waiter = thread::spawn({
            let (desk, links) = (Arc::clone(&desk), Arc::clone(&links));
            move || {
                let turn = || match links.load(Ordering::Relaxed) {
                    0 => Turn::End,
                    _ => sleep(),
                };
                assert_eq!(notify::wait_any(&[(desk.slots(0), 1)], turn), None);
            }
        });
        links.store(0, Ordering::Relaxed);
        Notify(&desk.fields[0].notify).wake_announced();
        waiter.join().unwrap();
    });
    model.passes_either_way();
    model.catches("notify-any-word", "deadlock");
}
