//! Waiting that ends too early, too late, or without saying why.

use std::time::{Duration, Instant};

use shma_core::{Error, ShmState, Version};
use shma_tests::child::Child;
use shma_tests::region::Name;
use shma_tests::states::{Board, Uniform};
use shma_tests::watchdog::{PATIENCE, until, watched};
use shma_tests::{child, opened};

/// A caller that has waited in vain wants to know for which process, to look at it.
#[test]
fn a_time_out_names_the_holder() {
    watched(|| {
        let (name, board) = Board::created("holder", 7);
        let mut child = opened!(&name);
        assert_eq!(child.ask("hold"), "holding");

        let limit = Duration::from_millis(30);
        let start = Instant::now();
        let result = board.count.update_timeout(limit, |_, _| panic!("it is held"));
        assert!(start.elapsed() >= limit, "it gave up too early");
        let Err(error @ Error::Timeout { holder: Some(holder), .. }) = &result else {
            panic!("{result:?}")
        };
        assert_eq!((holder.pid, holder.own), (child.pid(), false));
        let expected = format!(
            "field `count` of region `{name}`: waiting for the semaphore took longer than 30ms; \
             it is held by process {} (owner {})",
            child.pid(),
            holder.owner
        );
        assert_eq!(error.to_string(), expected);

        let result = board.count.try_update(|_, _| panic!("it is held"));
        let Err(Error::WouldBlock { holder: Some(holder), .. }) = result else {
            panic!("{result:?}")
        };
        assert_eq!((holder.pid, holder.own), (child.pid(), false));

        assert_eq!(board.count.read(), 7, "reading does not wait");
        board.later.try_update(|_, _| ()).expect("another field has its own semaphore");
        assert_eq!(child.ask("publish 8"), "ok");
        board.count.update_timeout(limit.max(PATIENCE), |new, old| *new = old + 1).unwrap();
        assert_eq!(board.count.read(), 9);
    });
}

/// The other thread of this very process is no other process.
#[test]
fn a_time_out_names_the_threads_own_process() {
    watched(|| {
        let (_name, board) = Board::created("own", 1);
        std::thread::scope(|scope| {
            let (held, holding) = std::sync::mpsc::channel();
            let (go, going) = std::sync::mpsc::channel::<()>();
            let board = &board;
            scope.spawn(move || {
                board.count.update(|_, _| {
                    held.send(()).unwrap();
                    let _ = going.recv();
                });
            });
            holding.recv().unwrap();
            let result = board.count.update_timeout(Duration::from_millis(20), |_, _| ());
            let Err(error @ Error::Timeout { holder: Some(holder), .. }) = &result else {
                panic!("{result:?}")
            };
            assert!(holder.own);
            assert!(error.to_string().contains("another thread that uses this handle"), "{error}");
            let result = board.count.try_update(|_, _| ());
            let Err(Error::WouldBlock { holder: Some(holder), .. }) = result else {
                panic!("{result:?}")
            };
            assert!(holder.own);
            drop(go);
        });
    });
}

/// Queued writers are woken one after the other, or wake by themselves; none is forgotten.
#[test]
fn every_queued_writer_acquires() {
    watched(|| {
        let (name, board) = Board::created("queue", 0);
        let mut holder = opened!(&name);
        assert_eq!(holder.ask("hold"), "holding");
        let mut queue: Vec<Child> = (0..6).map(|_| opened!(&name)).collect();
        queue.iter_mut().for_each(|child| child.tell("add 1"));
        let [count, ..] = Board::partitions();
        until("a writer queues", || name.bytes().has_waiters(count));
        assert_eq!(holder.ask("publish 100"), "ok");
        queue.iter_mut().for_each(|child| child.expect("ok"));
        assert_eq!((board.count.read(), u64::from(board.count.version())), (106, 8));
    });
}

/// A publication between the look and the sleep, or one that does not wake, leaves the waiter
/// asleep. Many rounds, because it is a matter of instants.
#[test]
fn every_kind_of_publication_wakes_waiters() {
    watched(|| {
        let (name, board) = Board::created("wake", 0);
        let mut waiter = opened!(&name);
        let mut seen = child!("talk");
        seen.order(&format!("open-read-only {name}"));
        let [count, ..] = Board::partitions();
        for n in 1..=300 {
            waiter.tell("wait 3600000");
            seen.tell("wait 3600000");
            waiter.expect(&format!("since {n}"));
            seen.expect(&format!("since {n}"));
            if n % 3 == 0 {
                until("the waiter sleeps", || name.bytes().has_sleepers(count));
            }
            board.count.update(|new, old| *new = old + 1);
            waiter.expect(&format!("{}", n + 1));
            seen.expect(&format!("{}", n + 1));
        }
    });
}

/// What was published before the call counts: the waiter must not sleep through it.
#[test]
fn waiting_returns_at_once_if_there_is_something_newer() {
    watched(|| {
        let (_name, board) = Board::created("newer", 0);
        let hour = Duration::from_secs(3600);
        let first = board.count.wait_newer(Version::default(), hour).unwrap();
        assert_eq!(u64::from(first), 1);
        board.count.write(&1);
        board.count.write(&2);
        let third = board.count.wait_newer(first, hour).unwrap();
        assert_eq!(u64::from(third), 3);
        let limit = Duration::from_millis(30);
        let start = Instant::now();
        let none = board.count.wait_newer(third, limit);
        assert!(matches!(none, Err(Error::Timeout { holder: None, .. })), "{none:?}");
        assert!(start.elapsed() >= limit);
        assert!(matches!(
            board.count.wait_newer(third, Duration::ZERO),
            Err(Error::Timeout { .. })
        ));
        assert_eq!(u64::from(board.later.version()), 1, "another field is another matter");
    });
}

/// The age of a value starts anew with each publication, in every process.
#[test]
fn age_starts_anew_with_each_publication() {
    watched(|| {
        let (name, board) = Board::created("age", 0);
        let seen = Board::open_read_only(&name).unwrap();
        let limit = Duration::from_millis(60);
        until("it has become old", || seen.count.age() >= limit);
        let mut child = opened!(&name);
        let before = Instant::now();
        child.order("add 1");
        // The coarse clock may be a tick behind.
        let tick = Duration::from_millis(20);
        assert!(board.count.age() <= before.elapsed() + tick, "{:?}", board.count.age());
        assert!(board.later.age() >= limit, "not published since");
    });
}

/// `open` may come before the region does.
#[test]
fn opening_waits_for_the_region() {
    watched(|| {
        let name = Name::new("appears");
        let text = name.to_string();
        let opener = std::thread::spawn(move || Board::options().wait(PATIENCE).open(&text));
        let text = name.to_string();
        let reader =
            std::thread::spawn(move || Board::options().wait(PATIENCE).open_read_only(&text));
        let _board = Board::create(&name, &Board::with(7)).unwrap();
        assert_eq!(opener.join().unwrap().unwrap().count.read(), 7);
        assert_eq!(reader.join().unwrap().unwrap().count.read(), 7);
    });
}

/// And it may never come: then the error is that it is not there, after the time that was given.
#[test]
fn opening_in_vain_says_that_nothing_is_there() {
    watched(|| {
        let name = Name::new("never");
        let limit = Duration::from_millis(40);
        let start = Instant::now();
        let opened = Board::options().wait(limit).open(&name);
        assert!(start.elapsed() >= limit);
        let Err(error @ Error::NotFound { .. }) = &opened else { panic!("{opened:?}") };
        assert!(error.to_string().contains(&*name), "{error}");
        assert!(matches!(Board::open(&name), Err(Error::NotFound { .. })));
        assert!(matches!(Board::open_read_only(&name), Err(Error::NotFound { .. })));
        assert!(matches!(Board::unlink(&name), Err(Error::NotFound { .. })));
    });
}

/// Whatever sleeps is woken by every signal, and what it does then must not be to start its sleep
/// all over.
#[test]
fn fast_signals_keep_no_waiter_asleep() {
    watched(|| {
        let (name, board) = Board::created("signals", 7);
        let missing = Name::new("signals-missing");
        for call in ["open", "open-read-only"] {
            let mut child = child!("talk");
            child.order(&format!("{call} {name}"));
            child.order("alarms 30");
            child.tell("wait 5");
            child.expect("since 1");
            assert!(child.line().starts_with("error Timeout"));
            let answer = child.ask(&format!("open-within 5 {missing}"));
            assert!(answer.starts_with("error NotFound"), "{answer}");
        }
        let mut writer = opened!(&name);
        writer.order("alarms 30");
        board.count.update(|new, _| {
            *new = 10;
            let answer = writer.ask("add-within 5 1");
            assert!(answer.starts_with("error Timeout"), "{answer}");
        });
        writer.order("add 1");
        assert_eq!(board.count.read(), 11);
    });
}

/// A process that removes the name need not know the layout to wake waiters.
#[test]
fn a_removal_by_another_process_wakes_waiters() {
    watched(|| {
        let (name, _board) = Board::created("stranger", 7);
        let mut waiter = opened!(&name);
        waiter.tell("wait 3600000");
        waiter.expect("since 1");
        let [count, ..] = Board::partitions();
        until("it sleeps", || name.bytes().has_sleepers(count));
        let bytes = name.bytes();
        Uniform::<16>::unlink(&name).unwrap();
        // Otherwise it would find out at the end of a slice of sleep.
        assert!(!bytes.has_sleepers(count));
        assert!(waiter.line().starts_with("error Retired"));
    });
}
