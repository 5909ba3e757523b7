//! Waits for several fields that miss one, end too early, or do not say why they end.

use std::fs;
use std::time::{Duration, Instant};

use shma_core::{Error, Shm, ShmState, Version, Waitable, wait_any};
use shma_tests::child::Child;
use shma_tests::region::Name;
use shma_tests::sandbox::FUTEX_WAITV;
use shma_tests::skip::skip;
use shma_tests::watchdog::{until, watched};
use shma_waits::{Desk, create, other};

const HOUR: Duration = Duration::from_secs(3600);

/// An hour, for the other process.
const LONG: &str = "3600000";

/// Publishes one of the fields, in the order of the list that the other process waits for.
fn publish(desk: &Shm<Desk>, field: usize) {
    match field {
        0 => desk.count.update(|new, old| *new = old + 1),
        1 => desk.later.update(|new, old| *new = old + 1),
        _ => drop(desk.calls.fetch_add(0, 1)),
    }
}

fn opened(call: &str, names: &[&Name]) -> Child {
    let mut child = other!();
    for name in names {
        child.order(&format!("{call} {name}"));
    }
    child
}

/// Whether the child's one thread sleeps in this system call; `None` where the kernel does not say.
fn is_in_call(child: &Child, call: u32) -> Option<bool> {
    let text = fs::read_to_string(format!("/proc/{}/syscall", child.pid())).ok()?;
    Some(text.split_whitespace().next() == Some(&*call.to_string()))
}

/// Each kind of field of each of three regions wakes the waiter, which learns which one it was.
#[test]
fn each_field_of_each_region_wakes() {
    watched(|| {
        let all: Vec<_> = (0..3).map(|i| create(&format!("any-each-{i}"))).collect();
        let names: Vec<_> = all.iter().map(|(name, _)| name).collect();
        for call in ["open", "open-read-only"] {
            let mut waiter = opened(call, &names);
            for place in 0..9 {
                waiter.tell(&format!("wait-any {LONG}"));
                waiter.expect("waits");
                if call == "open" {
                    // It has announced itself to every field, and sleeps in one call.
                    let bytes = names.iter().map(|name| name.bytes());
                    let announced = |at| bytes.clone().all(|bytes| bytes.has_sleepers(at));
                    until("it sleeps", || Desk::partitions().into_iter().all(announced));
                    if is_in_call(&waiter, FUTEX_WAITV).is_some() {
                        until("one call", || is_in_call(&waiter, FUTEX_WAITV) == Some(true));
                    } else {
                        skip("the kernel does not say in which call a process sleeps");
                    }
                }
                publish(&all[place / 3].1, place % 3);
                let answer = waiter.line();
                assert_eq!(answer.split_whitespace().next(), Some(&*place.to_string()));
            }
        }
    });
}

/// The waiter sleeps in the kernel until it is woken, and does not look again and again meanwhile.
#[test]
fn a_waiter_is_woken_and_does_not_poll() {
    watched(|| {
        let (name, desk) = create("any-woken");
        let mut waiter = opened("open", &[&name]);
        waiter.tell(&format!("wait-any {LONG}"));
        waiter.expect("waits");
        let started = Instant::now();
        let mut elsewhere = other!();
        let (neighbour, _kept) = create("any-woken-neighbour");
        elsewhere.order(&format!("open {neighbour}"));
        // A publisher of another region's, whose pace is the time that passes.
        elsewhere.order("paced 0 50 20");
        desk.later.update(|new, old| *new = old + 1);
        let answer = waiter.line();
        let waited = started.elapsed();
        let (place, sleeps) = answer.split_once(' ').unwrap();
        assert_eq!(place, "1");
        // One for each slice of 100 ms; one that polled would sleep a thousand times a second.
        let slices = waited.as_millis() as u64 / 100;
        let sleeps: u64 = sleeps.parse().unwrap();
        assert!(sleeps <= 2 * slices + 10, "{sleeps} sleeps in {waited:?}");
    });
}

/// What is there already counts, the first in the list goes first, and versions are as in `wait_newer`.
#[test]
fn the_first_that_is_newer_is_returned_at_once() {
    watched(|| {
        let (_name, desk) = create("any-first");
        let (_other, second) = create("any-first-other");
        let (count, later) = (desk.count.version(), second.later.version());
        second.later.update(|new, old| *new = old + 1);
        desk.calls.fetch_add(0, 1);
        let calls = Version::default();
        let any =
            [(&desk.count as &dyn Waitable, count), (&second.later, later), (&desk.calls, calls)];
        assert_eq!(wait_any(&any, HOUR).unwrap(), 1);
        assert_eq!(wait_any(&any, Duration::ZERO).unwrap(), 1);
        assert_eq!(wait_any(&any[2..], HOUR).unwrap(), 0);
        assert_eq!(wait_any(&[(&desk.count, Version::default())], HOUR).unwrap(), 0);
    });
}

/// A time-out says what was waited for, takes as long as it was given, and so does an empty list.
#[test]
fn a_time_out_takes_its_time() {
    watched(|| {
        let (name, desk) = create("any-late");
        let limit = Duration::from_millis(30);
        let one = [(&desk.count as &dyn Waitable, desk.count.version())];
        let two = [one[0], (&desk.calls, desk.calls.version())];
        for (list, text) in [
            (&[][..], "no region: waiting for a publication in an empty list of fields".to_owned()),
            (&one, format!("field `count` of region `{name}`: waiting for a publication")),
            (
                &two,
                format!(
                    "field `count` of region `{name}`: waiting for a publication there, or in \
                     another field of the list,"
                ),
            ),
        ] {
            for limit in [limit, Duration::ZERO] {
                let start = Instant::now();
                let result = wait_any(list, limit);
                assert!(start.elapsed() >= limit, "it gave up too early");
                let Err(error @ Error::Timeout { holder: None, .. }) = &result else {
                    panic!("{result:?}")
                };
                assert_eq!(error.to_string(), format!("{text} took longer than {limit:?}"));
            }
        }
    });
}

/// Something newer goes before a region that is gone; without it any such region ends the wait.
#[test]
fn newer_goes_before_retired() {
    watched(|| {
        let (_name, desk) = create("any-stays");
        let (gone, retired) = create("any-gone");
        Desk::unlink(&gone).unwrap();
        let count = desk.count.version();
        let list =
            [(&retired.count as &dyn Waitable, retired.count.version()), (&desk.count, count)];
        let result = wait_any(&list, HOUR);
        let Err(Error::Retired { place, .. }) = &result else { panic!("{result:?}") };
        assert_eq!(place.to_string(), format!("field `count` of region `{gone}`"));
        desk.count.update(|new, old| *new = old + 1);
        assert_eq!(wait_any(&list, HOUR).unwrap(), 1);
        retired.count.update(|new, old| *new = old + 1);
        assert_eq!(wait_any(&list, HOUR).unwrap(), 0);
    });
}

/// A removal wakes the waiter, whichever region of the list it is, also through read-only handles.
#[test]
fn a_removal_ends_the_wait() {
    watched(|| {
        for call in ["open", "open-read-only"] {
            let all: Vec<_> = (0..2).map(|i| create(&format!("any-removed-{i}"))).collect();
            let names: Vec<_> = all.iter().map(|(name, _)| name).collect();
            let mut waiter = opened(call, &names);
            waiter.tell(&format!("wait-any {LONG}"));
            waiter.expect("waits");
            if call == "open" {
                let bytes = names[1].bytes();
                let announced = |at| bytes.has_sleepers(at);
                until("it sleeps", || Desk::partitions().into_iter().all(announced));
                Desk::unlink(names[1]).unwrap();
                // Otherwise it would find out at the end of a slice of sleep.
                assert!(!Desk::partitions().into_iter().any(|at| bytes.has_sleepers(at)));
            } else {
                Desk::unlink(names[1]).unwrap();
            }
            let answer = waiter.line();
            let expected = format!("error Retired: field `count` of region `{}`", names[1]);
            assert!(answer.starts_with(&expected), "{answer}");
        }
    });
}

/// The kernel takes 128 words at once. Further fields are waited for all the same.
#[test]
fn more_fields_than_the_kernel_takes() {
    watched(|| {
        let all: Vec<_> = (0..50).map(|i| create(&format!("any-many-{i}"))).collect();
        let names: Vec<_> = all.iter().map(|(name, _)| name).collect();
        let mut waiter = opened("open", &names);
        for place in [149, 0, 127, 128, 126, 140] {
            waiter.tell(&format!("wait-any {LONG}"));
            waiter.expect("waits");
            let announced = names[0].bytes();
            until("it sleeps", || announced.has_sleepers(Desk::partitions()[0]));
            publish(&all[place / 3].1, place % 3);
            let answer = waiter.line();
            assert_eq!(answer.split_whitespace().next(), Some(&*place.to_string()));
        }
    });
}

/// One field twice in the list, and by two handles: the announcements of one waiter do not keep it from
/// sleeping.
#[test]
fn a_field_may_stand_in_the_list_twice() {
    watched(|| {
        let (name, desk) = create("any-twice");
        let mut waiter = opened("open", &[&name, &name]);
        waiter.tell(&format!("wait-any {LONG}"));
        waiter.expect("waits");
        if is_in_call(&waiter, FUTEX_WAITV).is_some() {
            until("it sleeps", || is_in_call(&waiter, FUTEX_WAITV) == Some(true));
        }
        desk.later.update(|new, old| *new = old + 1);
        assert!(waiter.line().starts_with("1 "));
        let since = desk.count.version();
        let twice = [(&desk.count as &dyn Waitable, since), (&desk.count, since)];
        let late = wait_any(&twice, Duration::from_millis(150));
        assert!(matches!(late, Err(Error::Timeout { .. })), "{late:?}");
    });
}

/// Where the kernel lacks the call, or a sandbox refuses it, each field is waited for all the same.
#[test]
fn a_kernel_without_the_call_will_do() {
    watched(|| {
        for errno in [libc::ENOSYS, libc::EPERM] {
            let all: Vec<_> = (0..2).map(|i| create(&format!("any-refused-{i}"))).collect();
            let names: Vec<_> = all.iter().map(|(name, _)| name).collect();
            let mut waiter = opened("open", &names);
            let refused = waiter.ask(&format!("refuse {errno}"));
            if refused != "ok" {
                return skip(&format!("no filter of system calls can be installed: {refused}"));
            }
            for place in [5, 0, 3, 4] {
                waiter.tell(&format!("wait-any {LONG}"));
                waiter.expect("waits");
                let first = names[0].bytes();
                until("it sleeps", || first.has_sleepers(Desk::partitions()[0]));
                publish(&all[place / 3].1, place % 3);
                let answer = waiter.line();
                assert_eq!(answer.split_whitespace().next(), Some(&*place.to_string()));
            }
            waiter.tell("wait-any 30");
            waiter.expect("waits");
            assert!(waiter.line().starts_with("error Timeout"));
            waiter.tell(&format!("wait-any {LONG}"));
            waiter.expect("waits");
            Desk::unlink(names[1]).unwrap();
            assert!(waiter.line().starts_with("error Retired"));
        }
    });
}

/// A fork child can wait with what it inherited, though it cannot announce itself.
#[test]
fn a_fork_child_waits_with_inherited_handles() {
    watched(|| {
        let (name, desk) = create("any-forked");
        let mut parent = opened("open", &[&name]);
        for place in 0..3 {
            parent.tell(&format!("fork-wait-any {LONG}"));
            parent.expect("waits");
            match place {
                0 => desk.count.update(|new, old| *new = old + 1),
                1 => desk.later.update(|new, old| *new = old + 1),
                _ => drop(desk.calls.fetch_add(0, 1)),
            }
            let answer = parent.line();
            assert_eq!(answer.split_whitespace().next(), Some(&*place.to_string()));
            parent.expect("child ended with Some(0)");
        }
        parent.order("add 0");
    });
}
