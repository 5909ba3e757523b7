//! Stories of a process that forks while it is attached. It has one thread, as a process that
//! forks should.
//!
//! `unsafe` here: fork.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::process::{Pid, WaitOptions, waitpid};
use shma_core::{Shm, ShmState};
use shma_tests::five_fields::FiveFields;

use crate::{next_line, say};

/// Tells one of the stories below.
pub fn tell(story: &str, name: &str) {
    let state = FiveFields::open(name).unwrap();
    match story {
        "inside-transaction" => inside_transaction(&state, name),
        "atomics" => atomics(&state),
        "inside-atomic" => {
            inside_atomic(&state, |add| state.hits.update_with(&[1, 1], add));
        }
        "inside-racy" => inside_atomic(&state, |add| {
            state.hits.update_with_racy(&[1, 1], add);
        }),
        other => panic!("there is no story `{other}`"),
    }
    next_line();
}

/// Forks. 0 in the child.
fn fork() -> i32 {
    // SAFETY: this process has a single thread, so the child has all of it.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork: {}", std::io::Error::last_os_error());
    pid
}

fn await_child(pid: i32) {
    let status = waitpid(Pid::from_raw(pid), WaitOptions::empty()).unwrap();
    assert!(status.is_some_and(|(_, status)| status.exit_status() == Some(0)), "the child failed");
}

/// What came of a call that says no by a panic.
fn outcome(call: impl FnOnce()) -> &'static str {
    let Err(panic) = catch_unwind(AssertUnwindSafe(call)) else { return "done" };
    let text = panic.downcast_ref::<String>().expect("a panic of the library has a text");
    assert!(text.contains("inherited through fork"), "{text}");
    "panicked"
}

/// A closure that forks returns twice, and one of the two commits.
fn inside_transaction(state: &Shm<FiveFields>, name: &str) {
    let mut in_child = false;
    let transaction = outcome(|| {
        state.transaction(|new, old| {
            let pid = fork();
            in_child = pid == 0;
            if in_child {
                *new.first = 666;
                new.large.fill(666);
                say(&format!("child's atomic: {}", outcome(|| _ = new.hits.fetch_add(0, 666))));
            } else {
                await_child(pid);
                *new.first = old.first + 1;
                new.pair.fill(old.pair[0] + 1);
            }
        });
    });
    if in_child {
        say(&format!("child's closure: {transaction}"));
        let again = outcome(|| state.transaction(|new, _| *new.first = 666));
        say(&format!("child again: {again}"));
        say(&format!("child reads {:?}", state.snapshot().numbers()));
        let anew = FiveFields::open(name).unwrap();
        // The parent is inside its closure still, and the child is not.
        say(&format!("child anew: {}", anew.first.try_update(|_, _| ()).is_ok()));
        std::process::exit(0);
    }
    say(&format!("parent's closure: {transaction}"));
}

/// The same with a call that goes element by element.
fn inside_atomic(state: &Shm<FiveFields>, call: impl FnOnce(&mut dyn FnMut(u64, u64) -> u64)) {
    let mut child = None;
    let called = outcome(|| {
        call(&mut |new, old| {
            // At the first of two elements.
            let pid = *child.get_or_insert_with(fork);
            if pid == 0 { 666 } else { new + old }
        });
    });
    if child == Some(0) {
        let hits = &state.hits;
        say(&format!("child: {called}, {:?}, {}", [hits.get(0), hits.get(1)], hits.version()));
        std::process::exit(0);
    }
    await_child(child.unwrap());
    say(&format!("parent: {called}"));
}

/// A child calls what writes, and then what reads.
fn atomics(state: &Shm<FiveFields>) {
    let child = fork();
    if child != 0 {
        await_child(child);
        state.hits.fetch_add(0, 1);
        return say(&format!("parent: {}, {}", state.hits.get(0), state.hits.version()));
    }
    let hits = &state.hits;
    let calls: [&dyn Fn(); 17] = [
        &|| hits.set(0, 666),
        &|| _ = hits.fetch_add(0, 666),
        &|| _ = hits.fetch_max(0, 666),
        &|| _ = hits.fetch_min(0, 0),
        &|| hits.add(&[666; 2]),
        &|| hits.add_range(.., &[666; 2]),
        &|| hits.update_with(&[666; 2], |new, _| new),
        &|| _ = hits.fetch_sub(0, 666),
        &|| _ = hits.swap(0, 666),
        &|| _ = hits.compare_exchange(0, 0, 666),
        &|| _ = hits.compare_exchange(0, 666, 0),
        &|| _ = hits.fetch_and(0, 0),
        &|| _ = hits.fetch_or(0, 666),
        &|| _ = hits.fetch_xor(0, 666),
        &|| hits.add_racy(&[666; 2]),
        &|| hits.add_range_racy(.., &[666; 2]),
        &|| hits.update_with_racy(&[666; 2], |new, _| new),
    ];
    for call in calls {
        say(outcome(call));
    }
    say(&format!("child: {}, {}", hits.get(0), hits.version()));
    std::process::exit(0);
}
