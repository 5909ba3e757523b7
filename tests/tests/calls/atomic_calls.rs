//! Calls on atomic fields: what they store, count, return and wake.

use std::time::Duration;

use shma_core::{Error, ShmState, Version};
use shma_tests::child;
use shma_tests::counters::{Counters, create};
use shma_tests::five_fields::FiveFields;
use shma_tests::panics::panic_of;
use shma_tests::ping_pong::{PingPong, Player, Side};
use shma_tests::region::Name;
use shma_tests::sizes;
use shma_tests::watchdog::watched;

/// Two processes answer each other by every call that publishes. A wake-up that is lost costs a
/// slice of sleep, after which the waiter looks by itself; that must never have been necessary.
#[test]
fn every_call_wakes_its_waiters() {
    let rounds = sizes::either(150_u64, 400);
    watched(move || {
        let name = Name::new("ping-pong");
        let ping_pong = PingPong::create(&name, &PingPong::zeroed()).unwrap();
        let mut player = Player::new(&ping_pong, Side::Serves);
        let mut other = child!("echo", &name, rounds);
        other.expect("ready");
        player.play(rounds);
        assert_eq!(player.overslept, 0);
        other.expect("0 overslept");
    });
}

/// A waiter without write permission cannot announce itself, and still learns of each call.
#[test]
fn read_only_waiters_wake_for_every_call() {
    watched(|| {
        let (name, counters) = create("readonly");
        let seen = Counters::open_read_only(&name).unwrap();
        let hour = Duration::from_secs(3600);
        for n in 1..200 {
            let since = seen.i32s.version();
            let late = seen.i32s.wait_newer(since, Duration::ZERO);
            assert!(matches!(late, Err(Error::Timeout { .. })), "{late:?}");
            std::thread::scope(|scope| {
                let waiter = scope.spawn(|| seen.i32s.wait_newer(since, hour).unwrap());
                counters.i32s.set(5, n);
                assert_eq!(u64::from(waiter.join().unwrap()), u64::from(since) + 1);
            });
            assert_eq!(seen.i32s.get(5), n);
        }
        assert_eq!(
            counters.i32s.wait_newer(Version::default(), hour).unwrap(),
            seen.i32s.version()
        );
    });
}

/// A child that adds under its parent's name would not be harmful, but it is the same promise.
#[test]
fn no_fork_child_counts() {
    watched(|| {
        let name = Name::new("fork");
        let state = FiveFields::create(&name, &FiveFields::zeroed()).unwrap();
        let mut parent = child!("fork-holding", "atomics", &name);
        (0..17).for_each(|_| parent.expect("panicked"));
        parent.expect("child: 0, 1");
        parent.expect("parent: 1, 2");
        assert_eq!(state.hits.get(0), 1);
    });
}

/// A closure that forks returns twice; the child must neither change an element nor count a call.
fn a_fork_stores_for_the_parent_only(story: &str) {
    let name = Name::new("fork-inside");
    let state = FiveFields::create(&name, &FiveFields::zeroed()).unwrap();
    let mut parent = child!("fork-holding", story, &name);
    // Parent and child are at it at once, each with what it sees of the other.
    let line = parent.line();
    assert!(line.starts_with("child: panicked, [") && !line.contains("666"), "{line}");
    parent.expect("parent: done");
    assert_eq!([state.hits.get(0), state.hits.get(1)], [1, 1]);
    assert_eq!(u64::from(state.hits.version()), 2);
}

#[test]
fn a_fork_in_a_racy_closure_stores_for_the_parent_only() {
    watched(|| a_fork_stores_for_the_parent_only("inside-racy"));
}

/// The same with a call that goes element by element.
#[test]
fn a_fork_in_a_closure_stores_for_the_parent_only() {
    watched(|| a_fork_stores_for_the_parent_only("inside-atomic"));
}

/// Calls over the whole state: those that read include atomic fields, those that write do not.
#[test]
fn whole_state_calls_read_atomic_fields_and_write_none() {
    watched(|| {
        let (name, counters) = create("whole");
        counters.u32.set(1);
        counters.grid.set(14, 2);
        let mut ones = Counters::zeroed();
        ones.plain = 5;
        ones.u32 = 100;
        ones.grid[2][4] = 100;
        counters.update_with(&ones, |new: u64, old| new + old);
        counters.merge(&mut ones, |new: u64, old| new + old);
        assert_eq!((ones.plain, ones.u32, ones.grid[2][4]), (10, 100, 100));
        assert_eq!((u64::from(counters.u32.version()), u64::from(counters.grid.version())), (2, 2));
        let mut copy = Counters::zeroed();
        Counters::open_read_only(&name).unwrap().read_into(&mut copy);
        for state in [copy, counters.read_boxed(), counters.snapshot()] {
            assert_eq!((state.plain, state.u32, state.grid[2][4]), (10, 1, 2));
        }
    });
}

/// A closure that panics in the middle leaves the elements before changed, and the call counts: who
/// waits for changes has to hear of them.
#[test]
fn a_panicking_update_with_counts_what_it_stored() {
    watched(|| {
        let (_name, counters) = create("panic");
        let mut left = 3;
        let panic = panic_of(|| {
            counters.u64s.update_with(&[9; 37], |new, _| {
                left -= 1;
                assert!(left >= 0, "enough of {new}");
                new
            });
        });
        assert_eq!(panic, "enough of 9");
        assert_eq!([1, 2, 3].map(|i| counters.u64s.get(i)), [9, 9, 0]);
        assert_eq!(u64::from(counters.u64s.version()), 2);
    });
}

/// A debugging user wants to know which field it is, and how far.
#[test]
fn debug_output_names_field_and_version() {
    watched(|| {
        let (_name, counters) = create("debug");
        counters.f32s.set(0, 1.0);
        assert_eq!(format!("{:?}", counters.f32s), "Atomic { name: \"f32s\", version: 2 }");
    });
}
