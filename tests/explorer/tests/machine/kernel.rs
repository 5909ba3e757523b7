//! The kernel's part in the abstract machine: deaths that it knows of, and sleep.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use shma_explorer::outcomes::{Outcomes, outcomes, process};
use shma_explorer::{Machine, Status};

/// What a killed process did is known to who asked the kernel for it, and acquires.
fn what_the_dead_wrote(acquires: bool) -> Outcomes {
    let mut machine = Machine::new();
    let (token, x) = (machine.word("token", 1), machine.word("x", 0));
    machine.kills(1);
    process(&mut machine, "victim", |p, dummy| {
        p.dies_with(token);
        p.store(x, 1, Relaxed);
        p.load(dummy, x, Relaxed);
    });
    let successor = process(&mut machine, "successor", |p, result| {
        let (before, alive, now) = (p.register("before"), p.register("alive"), p.register("now"));
        p.load(before, x, Relaxed);
        p.load_latest(alive, token, Relaxed);
        if acquires {
            p.fence(Acquire);
        }
        p.load(now, x, Relaxed);
        p.set(result, alive * 4 + before * 2 + now);
    });
    outcomes(machine, vec![successor], vec![x])
}

#[test]
fn the_kernel_hands_on_what_the_dead_wrote() {
    // x is 1 at the end, its writer is dead, and the successor does not see it.
    assert!(what_the_dead_wrote(false).contains(&vec![0, 1]));
    let good = what_the_dead_wrote(true);
    // Killed before the store; or after it, and seen.
    assert!(good.contains(&vec![0, 0]));
    assert!(good.contains(&vec![1, 1]));
    // Not seen because the question came before the death only.
    assert!(good.contains(&vec![4, 1]));
}

/// A sleeper that checks, and then sleeps whatever the word says now, can be left behind.
fn sleeper_is_left_behind(compares: bool) -> bool {
    let mut machine = Machine::new();
    let bell = machine.word("bell", 0);
    process(&mut machine, "waker", |p, old| {
        p.swap(old, bell, 1, Release);
        p.wake_all(bell);
    });
    let (sleeper, _) = process(&mut machine, "sleeper", |p, rung| {
        p.load(rung, bell, Acquire);
        p.end_if(rung);
        if compares {
            p.sleep(bell, 0);
        } else {
            p.load_latest(rung, bell, Relaxed);
            p.sleep(bell, rung);
        }
    });
    machine.finally(move |end| match end.status(sleeper) {
        Status::Done => Ok(()),
        status => Err(format!("the sleeper is {status:?}")),
    });
    machine.explore().is_err()
}

#[test]
fn a_sleeper_that_compares_is_never_left_behind() {
    assert!(!sleeper_is_left_behind(true));
    assert!(sleeper_is_left_behind(false));
}

/// A sleeper that is never woken, beside a process that may be killed: how it can end.
fn sleeps_beside_a_death(slices: bool, kills: u8) -> Outcomes {
    let mut machine = Machine::new();
    let (token, bell) = (machine.word("token", 1), machine.word("bell", 0));
    machine.kills(kills);
    process(&mut machine, "victim", |p, dummy| {
        p.dies_with(token);
        p.load(dummy, bell, Relaxed);
    });
    let sleeper = process(&mut machine, "sleeper", |p, awake| {
        if slices {
            p.sleep(bell, 0);
        } else {
            p.sleep_without_slices(bell, 0);
        }
        p.set(awake, 1);
    });
    outcomes(machine, vec![sleeper], vec![token])
}

#[test]
fn a_slice_of_sleep_ends_only_after_a_kill() {
    assert_eq!(sleeps_beside_a_death(true, 0), Outcomes::from([vec![0, 1]]));
    assert_eq!(sleeps_beside_a_death(true, 1), Outcomes::from([vec![0, 1], vec![1, 0]]));
    assert_eq!(sleeps_beside_a_death(false, 1), Outcomes::from([vec![0, 1], vec![0, 0]]));
}
