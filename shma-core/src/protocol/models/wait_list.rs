//! One thread that waits for others, which sleep until their wakers are called.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use loom::thread;

use super::Model;
use super::desk::Desk;
use crate::os::{self, Refused};
use crate::protocol::notify::{self, Kept, Met, Notify, Source, Turn};
use crate::protocol::semaphore::Semaphore;
use crate::protocol::slots::Change;
use crate::protocol::wait_list::{Tempo, WaitList};
use crate::sync::{AtomicU32, Ordering};

/// Two slots of one word.
type OneWord = Desk<2, 1>;

const PUBLISHER: u32 = 1;

/// A field.
#[derive(Clone)]
struct Field(Arc<OneWord>, usize);

impl Source for Field {
    fn notify(&self) -> Notify<'_> {
        Notify(&self.0.fields[self.1].notify)
    }

    fn newest(&self) -> u64 {
        self.0.slots(self.1).newest()
    }

    fn meet(&self) -> Met {
        self.0.slots(self.1).meet()
    }
}

impl Field {
    /// Publishes `2..=until`.
    fn publish(&self, until: u64) {
        let Self(desk, at) = self;
        for version in 1..until {
            assert!(Semaphore(&desk.fields[*at].lock).try_acquire_free(PUBLISHER));
            desk.begin(*at, version, Change::Whole).publish();
            notify::release(&desk.fields[*at], PUBLISHER, true);
        }
    }

    /// The same under one acquisition, by a holder that wakes without a fence.
    fn publish_held(&self, until: u64) {
        let Self(desk, at) = self;
        let (kept, semaphore) = (Kept::prepare(), Semaphore(&desk.fields[*at].lock));
        let mine = kept.mark(PUBLISHER);
        assert!(semaphore.try_acquire_free(mine));
        for version in 1..until {
            desk.begin(*at, version, Change::Whole).publish();
            notify::wake_kept(&desk.fields[*at], kept);
        }
        semaphore.release(mine);
    }
}

type List = Arc<WaitList<Field>>;

/// The thread ends as soon as there is nothing to wait for.
struct Plain;

impl Tempo<Field> for Plain {
    fn begin(&mut self) {}

    fn is_over(&mut self, _: &Field, _: bool) -> bool {
        false
    }

    fn wake(&mut self, waker: Waker) {
        waker.wake();
    }

    fn rest(&mut self, sources: usize) -> Turn {
        if sources == 0 { Turn::End } else { Turn::Sleep(Duration::MAX) }
    }
}

/// Wakes a thread that sleeps on the word. Loom forgets an `unpark` of a thread that waits for a lock.
struct Flag(AtomicU32);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        // Release: meets the acquire in `wait`.
        self.0.swap(1, Ordering::Release);
        os::futex_wake_all(&self.0);
    }
}

/// Adds a wait, and starts the thread if there is none.
fn enter(list: &List, field: &Field, since: u64, number: &mut Option<u64>, waker: &Waker) {
    if list.enter(field, since, number, waker) {
        // The kernel of the model looks at words by their addresses.
        let (list, kept) = (Arc::clone(list), field.clone());
        thread::spawn(move || {
            list.serve(&mut Plain);
            drop(kept);
        });
    }
}

/// What an executor does with a future that waits.
fn wait(list: &List, field: &Field, since: u64) -> u64 {
    let flag = Arc::new(Flag(AtomicU32::new(0)));
    let waker = Waker::from(Arc::clone(&flag));
    let mut number = None;
    loop {
        let version = field.newest();
        if version != since {
            if let Some(number) = number {
                list.leave(field, number);
            }
            return version;
        }
        enter(list, field, since, &mut number, &waker);
        while flag.0.swap(0, Ordering::Acquire) == 0 {
            os::futex_wait(&flag.0, 0, Duration::MAX);
        }
    }
}

/// So many publications, and one that waits for each in turn until it has the last.
fn publications(
    until: u64,
    publish: fn(&Field, u64),
    refused: Option<Refused>,
    how: &str,
) -> Model {
    Model::new(format!("wait list: {} publications {how}", until - 1), move || {
        if let Some(what) = refused {
            os::refuse(what);
        }
        let field = Field(Arc::new(OneWord::new(1)), 0);
        let waiter = thread::spawn({
            let (list, field) = (List::new(WaitList::new()), field.clone());
            move || {
                let mut since = 1;
                while since < until {
                    let version = wait(&list, &field, since);
                    assert!(version > since, "went back from {since} to {version}");
                    since = version;
                }
            }
        });
        publish(&field, until);
        waiter.join().unwrap();
    })
}

/// The thread sleeps for a field that is never published. Another one is waited for then.
fn beside_a_sleep() -> Model {
    Model::new("wait list: a wait beside another", || {
        let desk = Arc::new(OneWord::new(2));
        let [quiet, busy] = [0, 1].map(|at| Field(Arc::clone(&desk), at));
        let list = List::new(WaitList::new());
        let mut number = None;
        enter(&list, &quiet, 1, &mut number, Waker::noop());
        let waiter = thread::spawn({
            let (list, busy) = (Arc::clone(&list), busy.clone());
            move || assert_eq!(wait(&list, &busy, 1), 2)
        });
        busy.publish(2);
        waiter.join().unwrap();
        // A wait that is cancelled leaves the thread asleep until its slice ends, or until then.
        list.leave(&quiet, number.expect("it was added"));
        quiet.publish(2);
    })
}

#[test]
fn a_wait_learns_of_a_publication() {
    let model = publications(2, Field::publish, None, "one by one").preempted_at_most(2);
    model.passes_either_way();
    model.catches("notify-same-word", "deadlock");
    model.catches("notify-looks-once", "deadlock");
    model.catches("notify-meets-none", "deadlock");
    model.catches("semaphore-deaf-release", "deadlock");
}

#[test]
fn a_wait_learns_of_each_publication() {
    let model = publications(3, Field::publish, None, "one by one").preempted_at_most(2);
    model.passes();
    model.catches("list-ends-blindly", "deadlock");
}

#[test]
fn a_wait_is_added_while_the_thread_sleeps() {
    let model = beside_a_sleep().preempted_at_most(2);
    model.passes();
    model.catches("list-adds-silently", "deadlock");
    model.catches("list-unannounced", "deadlock");
}

#[test]
fn a_wait_learns_of_what_is_published_while_the_semaphore_is_held() {
    let model = publications(2, Field::publish_held, None, "by a holder").preempted_at_most(2);
    model.passes();
    model.catches("notify-no-heavy-fence", "deadlock");
    model.catches("notify-no-light-fence", "deadlock");
}

#[test]
fn a_wait_looks_again_where_a_heavy_fence_may_miss_the_holder() {
    let missed = Some(Refused::Reaching);
    let how = "by a holder that fences miss";
    let model = publications(2, Field::publish_held, missed, how).preempted_at_most(2);
    model.passes();
    model.catches("notify-trusts-heavy-fence", "deadlock");
}
