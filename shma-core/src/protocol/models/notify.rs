//! Who waits for a publication learns of it: a lost wake-up is a deadlock here.

use std::sync::Arc;
use std::time::Duration;

use loom::thread;

use super::Model;
use super::desk::Desk;
use crate::protocol::notify::Notify;
use crate::protocol::semaphore::Semaphore;
use crate::protocol::slots::Change;
use crate::sync::{AtomicU32, Ordering};

/// Two slots of one word.
type OneWord = Desk<2, 1>;

const PUBLISHER: u32 = 1;

/// Publishes `2..=until` as a writer does, with nobody in the way.
fn publish(desk: &OneWord, until: u64) {
    let semaphore = Semaphore(&desk.fields[0].lock);
    for version in 1..until {
        assert!(semaphore.try_acquire_free(PUBLISHER));
        desk.begin(0, version, Change::Whole).publish();
        semaphore.release(PUBLISHER);
        Notify(&desk.fields[0].notify).wake_if_announced();
    }
}

/// How to wait wrongly.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Does not look again once it has announced itself.
    LooksOnce,
    /// Looks again, but does not meet the publisher before.
    MeetsNobody,
}

/// The loop of `wait_newer`, without its time-out.
fn wait_newer(desk: &OneWord, since: u64, fault: Fault) -> u64 {
    let notify = Notify(&desk.fields[0].notify);
    let newest = || desk.slots(0).version();
    loop {
        let seen = notify.look();
        let version = newest();
        if version != since {
            return version;
        }
        notify.sleep(seen, Duration::MAX, || {
            if fault != Fault::MeetsNobody {
                Semaphore(&desk.fields[0].lock).meet();
            }
            fault != Fault::LooksOnce && newest() != since
        });
    }
}

/// One publishes `2..=until`, so many others wait for each in turn until they have the last one.
fn waiting(until: u64, waiters: usize, fault: Fault) -> Model {
    Model::new(format!("notify: {} publications, {waiters} waiters", until - 1), move || {
        let desk = Arc::new(OneWord::new(1));
        let waiters: Vec<_> = (0..waiters)
            .map(|_| {
                let desk = Arc::clone(&desk);
                thread::spawn(move || {
                    let mut since = 1;
                    while since < until {
                        let version = wait_newer(&desk, since, fault);
                        assert!(version > since, "went back from {since} to {version}");
                        since = version;
                    }
                })
            })
            .collect();
        publish(&desk, until);
        for waiter in waiters {
            waiter.join().unwrap();
        }
    })
}

#[test]
fn a_waiter_learns_of_a_publication() {
    let model = waiting(2, 1, Fault::None);
    model.passes_either_way();
    model.catches("notify-same-word", "deadlock");
    model.catches("semaphore-relaxed-release", "deadlock");
    model.catches("semaphore-deaf-release", "deadlock");
    model.catches("semaphore-relaxed-meeting", "deadlock");
}

#[test]
fn a_waiter_has_to_look_again() {
    waiting(2, 1, Fault::LooksOnce).fails("deadlock");
    waiting(2, 1, Fault::MeetsNobody).fails("deadlock");
}

#[test]
fn a_waiter_learns_of_every_publication() {
    waiting(3, 1, Fault::None).preempted_at_most(2).passes_either_way();
}

#[test]
fn two_waiters_learn_of_a_publication() {
    waiting(2, 2, Fault::None).preempted_at_most(2).passes_either_way();
}

/// The region loses its name while one waits, who looks at the name before each sleep.
#[test]
fn a_waiter_learns_of_the_end() {
    let model = Model::new("notify: the end", || {
        let desk = Arc::new(OneWord::new(1));
        let links = Arc::new(AtomicU32::new(1));
        let waiter = thread::spawn({
            let (desk, links) = (Arc::clone(&desk), Arc::clone(&links));
            move || {
                let notify = Notify(&desk.fields[0].notify);
                loop {
                    let seen = notify.look();
                    if links.load(Ordering::Relaxed) == 0 {
                        return;
                    }
                    notify.sleep(seen, Duration::MAX, || {
                        Semaphore(&desk.fields[0].lock).meet();
                        false
                    });
                }
            }
        });
        links.store(0, Ordering::Relaxed);
        Notify(&desk.fields[0].notify).wake_announced();
        waiter.join().unwrap();
    });
    model.passes_either_way();
    model.catches("notify-any-word", "deadlock");
}
