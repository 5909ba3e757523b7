//! The holder of the semaphore is alone and sees what the last holder did; every waiter acquires it
//! in the end.

use std::rc::Rc;

use loom::cell::Cell;
use loom::thread;

use super::Model;
use super::crew::Crew;
use crate::protocol::semaphore::{Acquired, Semaphore, Wait};
use crate::sync::AtomicU32;

/// The semaphore, and what it guards, which is not atomic.
struct Guarded {
    crew: Crew,
    word: AtomicU32,
    value: Cell<u32>,
}

impl Guarded {
    fn new(owner: u32) -> Self {
        Self { crew: Crew::new(), word: AtomicU32::new(owner), value: Cell::new(0) }
    }

    fn acquire(&self, id: u32) -> Acquired {
        let member = self.crew.member(id);
        Semaphore(&self.word).acquire(&member, id, Wait::Forever).expect("it waits for ever")
    }

    fn release(&self, id: u32) {
        Semaphore(&self.word).release(id);
    }

    fn count(&self) {
        self.value.set(self.value.get() + 1);
    }
}

/// So many threads take it once each, waiting for each other.
fn exclusion(threads: u32) -> Model {
    Model::new(format!("semaphore: {threads} threads"), move || {
        let guarded = Rc::new(Guarded::new(0));
        let enter = |id| {
            let guarded = Rc::clone(&guarded);
            move || {
                guarded.acquire(id);
                guarded.count();
                guarded.release(id);
            }
        };
        let others: Vec<_> = (2..=threads).map(|id| thread::spawn(enter(id))).collect();
        enter(1)();
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(guarded.value.get(), threads);
    })
}

#[test]
fn two_threads_exclude_each_other() {
    let model = exclusion(2);
    model.passes_either_way();
    model.catches("semaphore-relaxed-acquire", "Causality violation");
    model.catches("semaphore-relaxed-release", "Causality violation");
    model.catches("semaphore-plain-release", "deadlock");
    model.catches("semaphore-wakes-none", "deadlock");
}

#[test]
fn of_two_that_sleep_both_are_woken() {
    let model = exclusion(3).preempted_at_most(3);
    model.passes_either_way();
    model.catches("semaphore-forgets-sleepers", "deadlock");
}

/// Owner 1 holds it and dies; two others want it, before or after.
fn dead_owner() -> Model {
    Model::new("semaphore: a dead owner, two contenders", || {
        let guarded = Rc::new(Guarded::new(1));
        let dying = thread::spawn({
            let guarded = Rc::clone(&guarded);
            move || {
                guarded.count();
                guarded.crew.bury(1);
            }
        });
        let enter = |id| {
            let guarded = Rc::clone(&guarded);
            move || {
                let from_dead = guarded.acquire(id) == Acquired::FromDead;
                // What the dead owner did is there; its successor comes first.
                assert_eq!(from_dead, guarded.value.get() == 1, "replaced twice or never");
                guarded.count();
                guarded.release(id);
                from_dead
            }
        };
        let other = thread::spawn(enter(3));
        let first = enter(2)();
        assert_ne!(first, other.join().unwrap(), "both or neither replaced the dead owner");
        dying.join().unwrap();
        assert_eq!(guarded.value.get(), 3);
    })
}

#[test]
fn one_replaces_a_dead_owner() {
    let model = dead_owner().preempted_at_most(3);
    model.passes_either_way();
    model.catches("semaphore-swapped-take-over", "replaced twice");
    model.catches("semaphore-no-take-over-fence", "Causality violation");
}
