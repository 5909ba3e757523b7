//! Calls that a signal interrupts, whose handler forks. The children go on when their parent has
//! called on for a while.
//!
//! `unsafe` here: the life of a child that only looks at a static.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use shma_core::{ReadOnly, Shm, ShmState};
use shma_tests::states::{Inside, the_one};
use shma_tests::stepped::{Ends, Which, with_children, with_other_lives};

use crate::{next_line, say};

/// Children that wait at a time.
const CHILDREN: u64 = 100;

/// About the most children of one call.
const MOST: u64 = 200;

/// What a child ends with if its call was refused, or came to its end.
const REFUSED: i32 = 3;
const DONE: i32 = 0;

type Call = fn(&Shm<Inside>, u64);

/// Calls that write; afterwards all that each writes is the number.
const CALLS: [(&str, Call); 19] = [
    ("write", |state, n| {
        state.row.write(&[n; 40]);
    }),
    ("write-one", |state, n| {
        state.count.write(&n);
    }),
    ("update", |state, n| state.row.update(|new, _| new.fill(n))),
    ("try_update", |state, n| state.count.try_update(|new, _| *new = n).unwrap()),
    ("update_if", |state, n| state.row.update_if(|new, _| fill(new, n)).unwrap()),
    ("update_when", |state, n| {
        state
            .count
            .update_when(Duration::MAX, |new, _| fill(std::slice::from_mut(new), n))
            .unwrap();
    }),
    ("update_range_if", |state, n| {
        state.row.update_range_if(.., |new, _| fill(new, n)).unwrap();
    }),
    ("write_flat", |state, n| {
        state.row.write_flat(&[n; 40]);
    }),
    ("update_with_flat", |state, n| {
        state.row.update_with_flat(&[n; 40], |new, _| new);
    }),
    ("update_with", |state, n| {
        state.row.update_with(&[n; 40], |new, _| new);
    }),
    ("merge", |state, n| {
        state.row.merge(&mut [n; 40], |new, _| new);
    }),
    ("set", |state, n| (0..40).for_each(|at| _ = state.row.set(at, n))),
    ("update_range", |state, n| state.row.update_range(.., |new, _| new.fill(n))),
    ("writer", |state, n| {
        let mut writer = state.row.writer().unwrap();
        writer.write(&[n; 40]);
        writer.set(7, n);
        writer.update(|new, _| new.fill(n));
    }),
    ("whole-state", |state, n| {
        let new = Inside { count: n, row: [n; 40], hits: [n; 4] };
        state.update_with(&new, |new, _| new);
    }),
    ("transaction", |state, n| {
        state.transaction(|new, _| {
            *new.count = n;
            new.row.fill(n);
        });
    }),
    ("atomic-set", |state, n| (0..4).for_each(|at| state.hits.set(at, n))),
    ("atomic-add", |state, n| {
        let old = state.hits.get(0);
        state.hits.add(&[n - old; 4]);
    }),
    ("atomic-update_with", |state, n| state.hits.update_with(&[n; 4], |new, _| new)),
];

/// Fills what a closure gets, and has it published.
fn fill(new: &mut [u64], n: u64) -> Option<()> {
    new.fill(n);
    Some(())
}

/// Interrupts a call at each of its instructions.
pub fn tell(call: &str, name: &str) {
    let state = Inside::open(name).unwrap();
    let seen = Inside::open_read_only(name).unwrap();
    let (_, call) = CALLS.into_iter().find(|known| known.0 == call).unwrap();
    let parent = rustix::process::getpid();
    let n = Cell::new(1);
    let next = || {
        n.set(n.get() + 1);
        call(&state, n.get());
    };
    silence_children(parent);
    // Whatever the first call finds out, the interrupted ones know.
    next();
    let none = Which { first: 0, end: 0, every: 1 };
    let total = with_children(none, next, |()| DONE).instructions;
    // All instructions of a short call, and of a long one as many, with an odd number in between.
    let every = (total / MOST) | 1;
    let (mut ends, mut first) = (Ends::default(), 1);
    while first <= total {
        let which = Which { first, end: first + CHILDREN * every, every };
        let status = |result: std::thread::Result<()>| if result.is_err() { REFUSED } else { DONE };
        let children = with_children(which, || catch_unwind(AssertUnwindSafe(next)), status);
        assert_eq!(rustix::process::getpid(), parent);
        // All slots, all words that say where slots differ, and once more.
        for _ in 0..9 {
            next();
        }
        let before = Picture::of(&seen);
        add(&mut ends, children.release());
        let after = Picture::of(&seen);
        assert_eq!(after, before, "a child has published, of instructions from {first} on");
        next();
        Picture::of(&seen).check(n.get());
        first = which.end;
    }
    // No child has released what its parent held, or holds what its parent released.
    state.row.try_update(|_, _| ()).unwrap();
    say(&format!("children of {total} instructions, one in {every}: {ends:?}"));
    next_line();
}

/// Publishes by a handle and by a held writer, and says what instructions that takes.
pub fn locks(name: &str) {
    let state = Inside::open(name).unwrap();
    let mut writer = state.row.writer().unwrap();
    let say_of = |call: &str, publish: &mut dyn FnMut(u64)| {
        // Whatever the first call finds out, the one that is looked at knows.
        publish(1);
        let none = Which { first: 0, end: 0, every: 1 };
        let children = with_children(none, || publish(2), |()| DONE);
        say(&format!("{call}: {} locked, {} clocks", children.locked, children.clocks));
    };
    say_of("write", &mut |n| {
        writer.write(&[n; 40]);
    });
    say_of("update", &mut |n| {
        writer.update(|new, _| new.fill(n));
    });
    say_of("update_with", &mut |n| {
        writer.update_with(&[n; 40], |new, _| new);
    });
    say_of("set", &mut |n| {
        writer.set(7, n);
    });
    say_of("update_range", &mut |n| {
        writer.update_range(3..9, |new, _| new.fill(n));
    });
    drop(writer);
    say_of("Field::write", &mut |n| {
        state.row.write(&[n; 40]);
    });
    next_line();
}

/// A child's panic is what it ends with, and needs no words.
fn silence_children(parent: rustix::process::Pid) {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if rustix::process::getpid() == parent {
            usual(panic);
        }
    }));
}

fn add(ends: &mut Ends, more: Ends) {
    for (status, count) in more.exited {
        *ends.exited.entry(status).or_default() += count;
    }
    for (signal, count) in more.killed {
        *ends.killed.entry(signal).or_default() += count;
    }
}

/// All that can be seen of the state.
#[derive(Debug, PartialEq)]
struct Picture {
    versions: [u64; 3],
    count: u64,
    row: [u64; 40],
    hits: [u64; 4],
    cut: (u64, [u64; 40]),
}

impl Picture {
    fn of(state: &Shm<Inside, ReadOnly>) -> Self {
        let mut hits = [0; 4];
        state.hits.read_into(&mut hits);
        let cut = state.snapshot();
        Self {
            versions: [state.count.version(), state.row.version(), state.hits.version()]
                .map(u64::from),
            count: state.count.read(),
            row: state.row.read(),
            hits,
            cut: (cut.count, cut.row),
        }
    }

    /// Whatever the call writes is this number; the rest is still as it was.
    fn check(&self, n: u64) {
        for value in [self.count, the_one(&self.row), the_one(&self.hits)] {
            assert!(value == n || value == 0, "{value}, not {n}");
        }
    }
}

static STATE: AtomicPtr<Shm<Inside>> = AtomicPtr::new(std::ptr::null_mut());

/// Forks at the instructions of the first copy that this process makes; each child reads.
pub fn first_copy(name: &str) {
    let state: &'static Shm<Inside> = Box::leak(Box::new(Inside::open(name).unwrap()));
    STATE.store(std::ptr::from_ref(state).cast_mut(), Ordering::Relaxed);
    fn read() -> i32 {
        // SAFETY: stored above, and never freed.
        let state = unsafe { &*STATE.load(Ordering::Relaxed) };
        let mut row = [1; 40];
        state.row.read_into(&mut row);
        i32::from(the_one(&row) != 0)
    }
    let mut row = [1; 40];
    let which = Which { first: 1, end: u64::MAX, every: 23 };
    let children = with_other_lives(
        which,
        || {
            state.row.read_into(&mut row);
        },
        read,
    );
    let (count, instructions) = (children.count(), children.instructions);
    let ends = children.release();
    assert!(count > 10, "{count} children of {instructions} instructions");
    assert_eq!(ends.exited.get(&0), Some(&count), "{ends:?}");
    say("all have read");
    next_line();
}
