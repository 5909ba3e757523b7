//! Updates that publish only if their closure says so. The tests ask what they must not publish,
//! whom they must not wake, and when a wait for a value that suits ends.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use shma_core::{Error, ShmState, Version};
use shma_tests::child::Child;
use shma_tests::panics::panic_of;
use shma_tests::region::{Name, control};
use shma_tests::states::{Board, Queue, the_one};
use shma_tests::watchdog::{PATIENCE, until, watched};
use shma_tests::{child, opened};

const HOUR: Duration = Duration::from_secs(3600);

/// Processes on each side of the queue, and jobs of each.
const PROCESSES: u64 = 15;
const JOBS: u64 = 2;

/// All jobs go through the queue of three, between processes that are idle most of the time. Gives
/// the number of publications.
fn publications_of(way: &'static str) -> u64 {
    let name = Name::new("queue");
    let queue = Queue::create(&name, &Queue::zeroed()).unwrap();
    let partition = Queue::MANIFEST.fields[0].offset;
    let mut takers: Vec<Child> =
        (0..PROCESSES).map(|_| child!("take", way, &*name, JOBS)).collect();
    let putter = |nth: u64| child!("put", way, &*name, nth * JOBS, (nth + 1) * JOBS);
    let mut putters: Vec<Child> = (0..PROCESSES).map(putter).collect();
    putters.iter_mut().for_each(|putter| putter.expect("ready"));
    // It sleeps then, or has published that it did.
    let bytes = name.bytes();
    until("a taker has found nothing", || {
        bytes.has_sleepers(partition) || u64::from(queue.jobs.version()) > 1
    });
    putters.iter_mut().for_each(|putter| putter.tell("go"));
    let mut taken: Vec<u64> = takers
        .iter_mut()
        .flat_map(|taker| (0..JOBS).map(|_| taker.line().parse().unwrap()).collect::<Vec<_>>())
        .collect();
    putters.iter_mut().for_each(|putter| putter.expect("done"));
    taken.sort_unstable();
    assert!(taken.into_iter().eq(0..PROCESSES * JOBS), "each job is taken once");
    assert_eq!(queue.jobs.get(0), 0);
    u64::from(queue.jobs.version()) - 1
}

/// Takers and putters that find nothing to do wake each other for ever if that is a publication.
#[test]
fn idle_processes_publish_only_what_they_did() {
    watched(|| {
        let work = 2 * PROCESSES * JOBS;
        assert_eq!(publications_of("update_if"), work);
        assert_eq!(publications_of("update_when"), work);
    });
}

/// The count above can tell one from the other. With a call that publishes whatever it finds, a few
/// takers that find nothing publish more than all that work, and do not come to an end.
#[test]
fn takers_that_publish_what_they_find_wake_each_other() {
    watched(|| {
        let name = Name::new("queue");
        let queue = Queue::create(&name, &Queue::zeroed()).unwrap();
        let _takers: Vec<Child> = (0..3).map(|_| child!("take", "update", &*name, 1)).collect();
        // A taker that sees the others' publications together with its own sleeps until the next one.
        let mut pokes = 0;
        until("publications of nothing", || {
            queue.jobs.update(|_, _| ());
            pokes += 1;
            u64::from(queue.jobs.version()) > 1 + pokes + 2 * PROCESSES * JOBS
        });
        assert_eq!(queue.jobs.get(0), 0, "there was nothing to take");
    });
}

/// The number in the notify word changes whenever sleepers are woken.
#[test]
fn a_declined_update_wakes_no_waiter() {
    watched(|| {
        let (name, board) = Board::created("declined", 7);
        let [count, _, row] = Board::partitions();
        let bytes = name.bytes();
        let words = || {
            let word = |at: usize| (bytes.u32(at + control::NOTIFY), bytes.u32(at + control::LOCK));
            (word(count), word(row), board.count.version(), board.row.version())
        };
        let mut sleeper = opened!(&name);
        sleeper.tell("wait 3600000");
        sleeper.expect("since 1");
        until("it sleeps", || bytes.has_sleepers(count));
        let before = words();
        for _ in 0..1000 {
            let none = board.count.update_if(|new, _| {
                *new = 666;
                None::<()>
            });
            assert_eq!(none, None);
            let none = board.count.try_update_if(|_, _| None::<()>).unwrap();
            assert_eq!(none, None);
            let none = board.count.update_if_timeout(HOUR, |_, _| None::<()>).unwrap();
            assert_eq!(none, None);
            assert_eq!(board.row.update_range_if(5..500, |_, _| None::<()>), None);
            let never = board.count.update_when(Duration::ZERO, |_, _| None::<()>);
            assert!(matches!(never, Err(Error::Timeout { holder: None, .. })), "{never:?}");
        }
        assert_eq!(words(), before);
        assert!(sleeper.said().is_none());
        assert_eq!((board.count.read(), the_one(&board.row.read())), (7, 0));
        // An update that changes nothing does.
        board.count.update(|_, _| ());
        sleeper.expect("2");
        assert_ne!(words(), before);
    });
}

/// What a closure wrote and did not want published must not come up in its next copy, nor later.
#[test]
fn every_attempt_starts_with_the_value_as_it_is() {
    watched(|| {
        let (name, board) = Board::created("fresh", 0);
        let other = Board::open(&name).unwrap();
        let attempts = Cell::new(0_u64);
        let sum = board.row.update_when(HOUR, |new, old| {
            assert_eq!(new, old);
            assert_eq!(the_one(old), attempts.get());
            new.fill(666);
            if attempts.get() == 20 {
                return Some(old.iter().sum::<u64>());
            }
            // From inside, this semaphore is held; the other handle's thread gets it after.
            attempts.set(attempts.get() + 1);
            let (other, next) = (&other, attempts.get());
            std::thread::spawn({
                let name = other.name().to_owned();
                move || Board::open(&name).unwrap().row.write(&[next; 1024])
            });
            None
        });
        assert_eq!(sum.unwrap(), 20 * 1024);
        assert_eq!(the_one(&other.row.read()), 666);
        assert_eq!(u64::from(other.row.version()), 22);
    });
}

/// Publications that never pause must not carry the call beyond its end.
#[test]
fn a_wait_for_a_value_ends_beside_a_writer_that_never_pauses() {
    watched(|| {
        let (name, board) = Board::created("pauseless", 0);
        let other = Board::open(&name).unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    other.count.update(|new, old| *new = old + 1);
                }
            });
            let limit = Duration::from_millis(50);
            let start = Instant::now();
            let never = board.count.update_when(limit, |_, _| None::<()>);
            stop.store(true, Ordering::Relaxed);
            assert!(start.elapsed() >= limit, "it gave up too early");
            let Err(error @ Error::Timeout { .. }) = &never else { panic!("{never:?}") };
            // Either the closure never wanted it, or at the end the semaphore was held.
            let told = error.to_string();
            assert!(told.starts_with(&format!("field `count` of region `{name}`: ")), "{told}");
            assert!(told.contains("took longer than 50ms"), "{told}");
        });
    });
}

/// Why a wait ended: the value never came, the semaphore was held, or nothing will come any more.
#[test]
fn the_end_of_a_wait_for_a_value_says_why() {
    watched(|| {
        let (name, board) = Board::created("why", 0);
        let limit = Duration::from_millis(30);
        let take = |new: &mut u64, old: &u64| {
            *new = old.checked_sub(1)?;
            Some(*old)
        };
        let never = board.count.update_when(limit, take);
        let Err(error @ Error::Timeout { holder: None, .. }) = &never else { panic!("{never:?}") };
        let expected = format!(
            "field `count` of region `{name}`: waiting for a value that the closure accepts took \
             longer than 30ms"
        );
        assert_eq!(error.to_string(), expected);

        let mut holder = opened!(&name);
        assert_eq!(holder.ask("hold"), "holding");
        let held = board.count.update_when(limit, take);
        let Err(Error::Timeout { holder: Some(who), .. }) = &held else { panic!("{held:?}") };
        assert_eq!((who.pid, who.dead), (holder.pid(), false));
        let held = board.count.try_update_if(take);
        assert!(matches!(held, Err(Error::WouldBlock { holder: Some(_), .. })), "{held:?}");
        let held = board.count.update_if_timeout(limit, take);
        assert!(matches!(held, Err(Error::Timeout { holder: Some(_), .. })), "{held:?}");
        // It is enough for one. Zero is no time to wait, and enough for a semaphore that is free.
        assert_eq!(holder.ask("publish 2"), "ok");
        assert_eq!(board.count.update_when(Duration::ZERO, take).unwrap(), 2);
        assert_eq!(board.count.update_if_timeout(Duration::ZERO, take).unwrap(), Some(1));
        assert_eq!(board.count.try_update_if(take).unwrap(), None);

        let [count, ..] = Board::partitions();
        let mut taker = opened!(&name);
        taker.tell("take-within 3600000");
        until("it sleeps", || name.bytes().has_sleepers(count));
        // A sleeper holds no semaphore.
        board.count.try_update_if(|_, _| None::<()>).expect("the taker sleeps without it");
        Board::unlink(&name).unwrap();
        assert!(taker.line().starts_with("error Retired"));
        let none = board.count.update_when(HOUR, take);
        assert!(matches!(none, Err(Error::Retired { .. })), "{none:?}");
        board.count.write(&1);
        assert_eq!(board.count.update_when(HOUR, take).unwrap(), 1, "it works on without a name");
    });
}

/// A publication between the look and the sleep would leave both asleep for ever: each waits for what
/// the other one does next.
#[test]
fn no_value_is_missed_between_the_look_and_the_sleep() {
    watched(|| {
        let (name, board) = Board::created("rally", 0);
        let mut taker = opened!(&name);
        for _ in 0..300 {
            taker.tell("take-within 3600000");
            let put = board.count.update_when(HOUR, |new, old| {
                *new = if *old == 0 { 1 } else { return None };
                Some(())
            });
            put.unwrap();
            taker.expect("1");
        }
        assert_eq!(u64::from(board.count.version()), 601);
    });
}

/// A panic publishes nothing and releases the semaphore, in the first attempt and in a later one.
#[test]
fn a_panic_in_a_conditional_update_publishes_nothing() {
    watched(|| {
        let (name, board) = Board::created("panic-if", 5);
        let other = Board::open(&name).unwrap();
        let mut expected = 1;
        let mut nothing_happened = |what: &str| {
            for board in [&board, &other] {
                assert_eq!((board.count.read(), the_one(&board.row.read())), (5, 0), "{what}");
                assert_eq!(u64::from(board.row.version()), expected, "{what}");
            }
            // Through all slots, by another owner, which needs the semaphores.
            for _ in 0..5 {
                other.row.try_update(|_, _| ()).unwrap();
                expected += 1;
                assert_eq!(the_one(&board.row.read()), 0, "{what}");
            }
            other.count.try_update_if(|_, _| None::<()>).unwrap();
        };
        let enough = |new: &mut [u64]| -> Option<()> {
            let half = new.len() / 2;
            new[half..].fill(666);
            panic!("enough")
        };
        let one = |new: &mut u64| enough(std::slice::from_mut(new));
        for (what, panic) in [
            ("update_if", panic_of(|| board.row.update_if(|new, _| enough(new)))),
            ("try_update_if", panic_of(|| board.count.try_update_if(|new, _| one(new)))),
            ("timeout", panic_of(|| board.count.update_if_timeout(HOUR, |new, _| one(new)))),
            ("range_if", panic_of(|| board.row.update_range_if(3..900, |new, _| enough(new)))),
            ("update_when", panic_of(|| board.row.update_when(HOUR, |new, _| enough(new)))),
            ("update_flat", panic_of(|| board.row.update_flat(|new, _| enough(new)))),
        ] {
            assert_eq!(panic, "enough", "{what}");
            nothing_happened(what);
        }
        let mut left = 700;
        let panic = panic_of(|| {
            board.row.update_with_flat(&[666; 1024], |new, _| {
                left -= 1;
                assert!(left > 0, "enough");
                new
            })
        });
        assert_eq!(panic, "enough");
        nothing_happened("update_with_flat");

        // In the second attempt, behind a sleep.
        let mut attempts = 0;
        let [count, ..] = Board::partitions();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                until("it sleeps", || name.bytes().has_sleepers(count));
                other.count.write(&5);
            });
            let panic = panic_of(|| {
                board.count.update_when(PATIENCE, |_, _| {
                    attempts += 1;
                    assert!(attempts < 2, "enough");
                    None::<()>
                })
            });
            assert_eq!(panic, "enough");
        });
        nothing_happened("update_when, later");
    });
}

/// A thread that waited for itself would wait for ever.
#[test]
fn reentry_into_the_same_field_is_refused() {
    watched(|| {
        let (_name, board) = Board::created("same", 1);
        let refused = |inside: &str| {
            let results = [
                board.count.try_update_if(|_, _| Some(())).map(drop),
                board.count.update_if_timeout(HOUR, |_, _| Some(())).map(drop),
                board.count.update_when(HOUR, |_, _| Some(())),
                // Declared before the field whose semaphore is held, where that is another one.
                board.count.update_when(HOUR, |_, _| None),
            ];
            for result in results {
                assert!(matches!(result, Err(Error::Reentrant { .. })), "{inside}: {result:?}");
            }
            for panic in [
                panic_of(|| board.count.update_if(|_, _| Some(()))),
                panic_of(|| board.count.write_flat(&[666])),
                panic_of(|| board.count.update_flat(|_, _| ())),
                panic_of(|| board.count.update_with_flat(&[666], |new, _| new)),
            ] {
                assert!(panic.contains("inside an update of field"), "{inside}: {panic}");
            }
        };
        board.count.update_if(|_, _| {
            refused("update_if");
            Some(())
        });
        board
            .count
            .update_when(HOUR, |_, _| {
                refused("update_when");
                Some(())
            })
            .unwrap();
        board.count.update_flat(|_, _| refused("update_flat"));
        board.row.update_range_if(.., |_, _| {
            refused("update_range_if");
            Some(())
        });
        assert_eq!((board.count.read(), u64::from(board.count.version())), (1, 4));
        // In declaration order it is one update inside of another.
        let taken = board.count.update_if(|new, _| {
            *new = 2;
            board.row.update_range_if(7..8, |row, _| {
                row[0] = 3;
                Some(())
            })
        });
        assert_eq!((taken, board.count.read(), board.row.get(7)), (Some(()), 2, 3));
    });
}

/// Each call gives the number of its own publication, not of the newest one: it is what a process
/// waits beyond to hear of the others.
#[test]
fn calls_that_publish_return_what_they_published() {
    watched(|| {
        let (name, board) = Board::created("versions", 0);
        let other = Board::open(&name).unwrap();
        let stop = AtomicBool::new(false);
        let mine = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    other.row.update(|new, old| new[0] = old[0] + 1);
                }
            });
            let mut last = Version::default();
            let mut mine = 0;
            for turn in 0..500 {
                let published = match turn % 5 {
                    0 => board.row.write(&[turn; 1024]),
                    1 => board.row.set(1023, turn),
                    2 => board.row.update_with(&[1; 1024], |new, old| new + old),
                    3 => board.row.merge(&mut [1; 1024], |new, old| new + old),
                    _ => board.row.write_flat(&[turn; 1024]),
                };
                assert!(published > last, "{published} after {last}");
                assert!(published <= board.row.version());
                (last, mine) = (published, mine + 1);
            }
            stop.store(true, Ordering::Relaxed);
            mine
        });
        let all = u64::from(board.row.version()) - 1;
        assert!(all >= mine);
        // Alone, it is the newest.
        let number = board.count.write(&7);
        assert_eq!(board.count.read_versioned(), (7, number));
        let number = board.count.update_with(&1, |new, old| new + old);
        assert_eq!(other.count.read_versioned(), (8, number));
        let seen = Board::open_read_only(&name).unwrap();
        assert_eq!(seen.count.read_versioned(), (8, board.count.version()));
        let mut child = opened!(&name);
        assert_eq!(child.ask("read-versioned"), "8 of publication 3");
        child.order("add 1");
        // The child's publication is news, its own is not.
        assert_eq!(u64::from(board.count.wait_newer(number, PATIENCE).unwrap()), 4);
    });
}

/// A value and its number belong together, whatever is published meanwhile.
#[test]
fn a_value_is_read_with_its_own_number() {
    watched(|| {
        let (name, board) = Board::created("pairs", 1);
        let seen = Board::open_read_only(&name).unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    board.count.update(|new, old| *new = old + 1);
                }
            });
            for _ in 0..20_000 {
                let (count, version) = seen.count.read_versioned();
                assert_eq!(count, u64::from(version));
            }
            stop.store(true, Ordering::Relaxed);
        });
    });
}
