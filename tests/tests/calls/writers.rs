//! A semaphore that is held for many publications: who gets to read, to wait and to write meanwhile,
//! and what remains when the holder is gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use shma_core::{Error, SemaphoreHolder, Shm, ShmState, Version, Writer};
use shma_tests::child::Child;
use shma_tests::region::{Name, control};
use shma_tests::rng::Rng;
use shma_tests::states::{Board, the_one};
use shma_tests::watchdog::{PATIENCE, until, watched};
use shma_tests::{child, opened, panics};

fn create(hint: &str) -> (Name, Shm<Board>) {
    let name = Name::new(hint);
    let board = Board::create(&name, &Board::zeroed()).unwrap();
    (name, board)
}

/// Every call publishes once, and says which publication that is. Their order is such that every slot
/// is left behind by whole values and by parts.
#[test]
fn each_call_publishes_its_value_and_returns_its_version() {
    let (_name, board) = create("each");
    let mut row = [0; 1024];
    let mut version = 1;
    let mut writer = board.row.writer().unwrap();
    for round in 1..=20 {
        let check = |published: Version, row: &[u64; 1024], version: &mut u64| {
            *version += 1;
            assert_eq!(u64::from(published), *version);
            assert_eq!(board.row.version(), published);
            assert!(board.row.read() == *row, "publication {version}");
        };
        row = [round; 1024];
        check(writer.write(&row), &row, &mut version);
        row[round as usize] = 7;
        check(writer.set(round as usize, 7), &row, &mut version);
        row[100..200].fill(9 * round);
        let published = writer.update_range(100..200, |new, old| {
            assert_eq!((new.len(), old[0]), (100, round));
            new.fill(9 * round);
        });
        check(published, &row, &mut version);
        if round % 3 == 0 {
            row[1023] += 1;
            let published = writer.update(|new, old| {
                assert!(new == old);
                new[1023] += 1;
            });
            check(published, &row, &mut version);
        }
        if round % 2 == 0 {
            row.iter_mut().for_each(|word| *word += 5);
            check(writer.update_with(&[5; 1024], |new, old| new + old), &row, &mut version);
        }
    }
    drop(writer);
    board.row.update(|new, old| {
        assert!(*old == row);
        new[0] = 1;
    });
    assert_eq!(u64::from(board.row.version()), version + 1);
}

/// Out of range is the caller's fault, and costs no publication.
#[test]
fn a_part_out_of_range_publishes_nothing() {
    let (_name, board) = create("range");
    let mut writer = board.row.writer().unwrap();
    type Call = fn(&mut Writer<'_, [u64; 1024]>) -> Version;
    let calls: [Call; 2] =
        [|writer| writer.set(1024, 1), |writer| writer.update_range(1000..1025, |_, _| ())];
    for wrong in calls {
        let panic = catch_unwind(AssertUnwindSafe(|| wrong(&mut writer))).unwrap_err();
        let text = panics::text(&*panic).unwrap();
        assert!(text.contains("row"), "{text}");
    }
    assert_eq!(u64::from(writer.set(1023, 1)), 2);
}

/// A value's age counts from its publication, not from the acquisition.
#[test]
fn the_age_is_that_of_the_last_publication() {
    let (_name, board) = create("age");
    let mut writer = board.count.writer().unwrap();
    until("the value grows old", || board.count.age() > Duration::from_millis(50));
    let before = Instant::now();
    writer.write(&1);
    let age = board.count.age();
    // The coarse clock may be a tick behind: 10 ms where a tick is longest.
    assert!(age <= before.elapsed() + Duration::from_millis(10), "{age:?}");
}

/// Publications in a dense row share readings of the clock, eight at most. So the eighth after a pause
/// has a reading of its own, and in a field that is timed the first has.
#[test]
fn a_dense_row_of_publications_is_dated_again_after_a_pause() {
    let (_name, board) = create("dense");
    let mut writer = board.count.writer().unwrap();
    (0..100_000).for_each(|n| _ = writer.write(&n));
    assert!(board.count.age() < PATIENCE);
    until("the value grows old", || board.count.age() > Duration::from_millis(50));
    let before = Instant::now();
    (0..8).for_each(|n| _ = writer.write(&n));
    let age = board.count.age();
    assert!(age <= before.elapsed() + Duration::from_millis(10), "{age:?}");
    // Those that come slowly have one each, from the first on.
    for n in 0..40 {
        until("a tick passes", || board.count.age() > Duration::from_millis(10));
        let before = Instant::now();
        writer.write(&n);
        let age = board.count.age();
        assert!(age <= before.elapsed() + Duration::from_millis(10), "{age:?}");
    }
}

fn is_holder(holder: &Option<SemaphoreHolder>, child: &Child) {
    let holder = holder.as_ref().expect("there is a holder");
    assert_eq!((holder.pid, holder.own, holder.dead), (child.pid(), false, false));
}

/// What acquires the semaphore has to wait, and learns for whom; what only reads does not notice.
#[test]
fn a_holder_is_named_to_writers_and_not_noticed_by_readers() {
    watched(|| {
        let (name, board) = create("named");
        let reader = Board::open_read_only(&name).unwrap();
        let mut holder = opened!(&name);
        assert_eq!(holder.ask("hold-writer"), "holding");
        for n in 1..=9 {
            assert_eq!(holder.ask(&format!("write {n}")), (n + 1).to_string());
            assert_eq!((the_one(&board.row.read()), reader.row.get(1023)), (n, n));
            assert_eq!((board.snapshot().row[0], reader.snapshot().row[7]), (n, n));
            let mut all = Board::zeroed();
            board.try_snapshot_into(&mut all).unwrap();
            assert_eq!(the_one(&all.row), n);
        }
        let short = Duration::from_millis(30);
        match board.row.try_update(|_, _| ()) {
            Err(Error::WouldBlock { holder: named, .. }) => is_holder(&named, &holder),
            other => panic!("{other:?}"),
        }
        match board.row.update_timeout(short, |_, _| ()) {
            Err(Error::Timeout { holder: named, .. }) => is_holder(&named, &holder),
            other => panic!("{other:?}"),
        }
        match board.row.writer_timeout(short) {
            Err(Error::Timeout { holder: named, .. }) => is_holder(&named, &holder),
            other => panic!("{other:?}"),
        }
        // Other fields are other semaphores.
        board.count.update(|new, old| *new = old + 1);
        assert_eq!(holder.ask("release"), "ok");
        assert_eq!(u64::from(board.row.writer_timeout(short).unwrap().set(0, 1)), 11);
    });
}

/// Two that hold one field after the other, and a transaction, which needs all of them.
#[test]
fn writers_and_transactions_take_turns_with_a_holder() {
    watched(|| {
        let (name, board) = create("turns");
        let [_, _, row] = Board::partitions();
        let mut holder = opened!(&name);
        assert_eq!(holder.ask("hold-writer"), "holding");
        assert_eq!(holder.ask("write 3"), "2");
        let mut committer = opened!(&name);
        committer.tell("transaction 4");
        until("the transaction queues", || name.bytes().has_waiters(row));
        assert_eq!(holder.ask("write 5"), "3");
        assert_eq!((board.row.get(0), board.count.read()), (5, 0));
        assert_eq!(holder.ask("release"), "ok");
        committer.expect("ok");
        assert_eq!((the_one(&board.row.read()), board.count.read()), (4, 4));

        assert_eq!(holder.ask("hold-writer"), "holding");
        let mut next = opened!(&name);
        next.tell("hold-writer");
        until("the next one queues", || name.bytes().has_waiters(row));
        assert_eq!(holder.ask("release"), "ok");
        next.expect("holding");
        assert_eq!(next.ask("set 3 8"), "5");
        assert_eq!(next.ask("release"), "ok");
        assert_eq!(name.bytes().u32(row + control::LOCK), 0);
    });
}

/// One thread that waited for itself would wait for ever.
#[test]
fn the_holding_thread_keeps_to_the_order_of_declaration() {
    watched(|| {
        let (_name, board) = create("order");
        let is_reentrant = |error: Error, held: &str| match error {
            Error::Reentrant { held: named, .. } => assert_eq!(named, held),
            other => panic!("{other:?}"),
        };
        let mut later = board.later.writer().unwrap();
        is_reentrant(board.count.writer().unwrap_err(), "later");
        is_reentrant(board.later.writer().unwrap_err(), "later");
        is_reentrant(board.later.writer_timeout(PATIENCE).unwrap_err(), "later");
        is_reentrant(board.count.try_update(|_, _| ()).unwrap_err(), "later");
        let refused: [&dyn Fn(); 5] = [
            &|| board.count.update(|_, _| ()),
            &|| {
                board.later.write(&1);
            },
            &|| board.transaction(|_, _| ()),
            &|| {
                board.update_with(&Board::zeroed(), |new, old| new + old);
            },
            &|| {
                later_of(&board).update(|_, _| ());
            },
        ];
        for call in refused {
            let panic = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
            let text = panics::text(&*panic).unwrap();
            assert!(text.contains("`later`") && text.contains("a `Writer`"), "{text}");
        }
        assert_eq!([board.count.version(), board.later.version()].map(u64::from), [1, 1]);
        // Those that are declared later, in any way.
        board.row.update(|new, _| {
            new[0] = 1;
            later.write(&1);
        });
        let mut row = board.row.writer().unwrap();
        let mut count = None;
        later.update(|new, old| {
            *new = old + 1;
            row.set(1, 1);
            count = board.count.try_update(|_, _| ()).err();
        });
        is_reentrant(count.unwrap(), "row");
        // Dropped in any order.
        drop(later);
        is_reentrant(board.later.writer().unwrap_err(), "row");
        drop(row);
        let _all = (board.count.writer(), board.later.writer(), board.row.writer());
        assert_eq!((board.later.read(), board.row.read()[..3].to_vec()), (2, vec![1, 1, 0]));
    });
}

fn later_of(board: &Shm<Board>) -> &shma_core::Field<u64> {
    &board.later
}

/// Another thread of the process has to wait like any other.
#[test]
fn another_thread_waits_for_the_holder() {
    watched(|| {
        let (name, board) = create("threads");
        let [count, ..] = Board::partitions();
        let mut writer = board.count.writer().unwrap();
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                let result = board.count.try_update(|_, _| ());
                assert!(matches!(result, Err(Error::WouldBlock { .. })), "{result:?}");
                board.count.update(|new, old| *new = old + 1);
            });
            until("it queues", || name.bytes().has_waiters(count));
            writer.write(&5);
            drop(writer);
            other.join().unwrap();
        });
        assert_eq!(board.count.read(), 6);
    });
}

/// A closure's panic costs its publication and no more; the end of the holder's frame costs the
/// semaphore.
#[test]
fn a_panic_publishes_nothing_and_releases_what_it_unwinds() {
    watched(|| {
        let (name, board) = create("panic");
        let mut writer = board.row.writer().unwrap();
        writer.write(&[1; 1024]);
        type Call<'a> = &'a mut dyn FnMut(&mut Writer<'_, [u64; 1024]>) -> Version;
        let mut n = 0;
        let calls: [Call<'_>; 3] = [
            &mut |writer| {
                writer.update(|new, _| {
                    new.fill(666);
                    panic!("told to");
                })
            },
            &mut |writer| {
                writer.update_range(5..9, |new, _| {
                    new.fill(666);
                    panic!("told to");
                })
            },
            // In the middle: some blocks are stored by then.
            &mut |writer| {
                writer.update_with(&[666; 1024], |new, _| {
                    n += 1;
                    assert!(n < 700, "told to");
                    new
                })
            },
        ];
        for (round, call) in (1..).zip(calls) {
            catch_unwind(AssertUnwindSafe(|| call(&mut writer))).unwrap_err();
            assert_eq!(
                (the_one(&board.row.read()), u64::from(board.row.version())),
                (round, round + 1)
            );
            // A part over the slot that the panic left.
            let next = writer.update_range(.., |new, old| {
                assert_eq!(the_one(old), round);
                new.fill(round + 1);
            });
            assert_eq!(u64::from(next), round + 2);
        }
        drop(writer);
        let mut holder = opened!(&name);
        assert_eq!(holder.ask("hold-writer"), "holding");
        assert_eq!(holder.ask("panic"), "panicked: told to");
        board.row.try_update(|new, _| new.fill(9)).unwrap();
    });
}

/// A learner publishes 100,000 times. Whatever is read is one publication; a waiter learns of the
/// last one, though nothing follows it and the semaphore stays held.
#[test]
fn readers_and_a_waiter_follow_a_hundred_thousand_publications() {
    const TIMES: u64 = 100_000;
    watched(|| {
        let (name, board) = create("learner");
        let mut learner = opened!(&name);
        let reader = Board::open_read_only(&name).unwrap();
        let last = 1 + TIMES;
        type Read<'a> = &'a (dyn Fn(&mut [u64; 1024]) -> Version + Sync);
        let readers: [Read<'_>; 2] =
            [&|row| board.row.read_into(row), &|row| reader.row.read_into(row)];
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let (mut seen, mut waits) = (board.row.version(), 0);
                while u64::from(seen) < last {
                    let newer = board.row.wait_newer(seen, PATIENCE).unwrap();
                    assert!(newer > seen);
                    (seen, waits) = (newer, waits + 1);
                }
                waits
            });
            for read in readers {
                scope.spawn(move || {
                    let (mut row, mut seen) = ([0; 1024], Version::default());
                    while u64::from(seen) < last {
                        let version = read(&mut row);
                        assert_eq!(the_one(&row) + 1, u64::from(version));
                        assert!(version >= seen, "back from {seen} to {version}");
                        seen = version;
                    }
                });
            }
            learner.tell(&format!("learn {TIMES}"));
            learner.expect("holding");
            learner.expect(&format!("learnt {TIMES}"));
            println!("{} waits", waiter.join().unwrap());
        });
        let result = board.row.try_update(|_, _| ());
        assert!(matches!(result, Err(Error::WouldBlock { .. })), "{result:?}");
        assert_eq!(learner.ask("release"), "ok");
    });
}

/// A waiter that sleeps is woken by each publication, with the holder holding all the while.
#[test]
fn a_sleeping_waiter_is_woken_while_the_semaphore_is_held() {
    watched(|| {
        let (name, _board) = create("woken");
        let [count, ..] = Board::partitions();
        let mut holder = opened!(&name);
        assert_eq!(holder.ask("hold-writer-of-count"), "holding");
        let mut waiter = opened!(&name);
        for n in 1..=20 {
            waiter.tell(&format!("wait {}", PATIENCE.as_millis()));
            waiter.expect(&format!("since {n}"));
            until("it sleeps", || name.bytes().has_sleepers(count));
            assert_eq!(holder.ask(&format!("write {n}")), (n + 1).to_string());
            waiter.expect(&(n + 1).to_string());
            assert!(!name.bytes().has_sleepers(count), "the publication changed the word");
        }
    });
}

/// Killed at any time: what was published last is there, whole, and the next one counts on.
#[test]
fn a_killed_holder_leaves_its_last_publication_to_the_next_one() {
    watched(|| {
        let (name, board) = create("killed");
        let [_, _, row] = Board::partitions();
        let mut rng = Rng::new(0x5EED);
        for death in 1..=40 {
            let mut learner = opened!(&name);
            let first = board.row.version();
            learner.tell("learn 1000000000");
            learner.expect("holding");
            let some = u64::from(first) + 1 + rng.below(3000) as u64;
            until("it has published some", || u64::from(board.row.version()) >= some);
            learner.kill();
            let mut value = [0; 1024];
            let version = board.row.read_into(&mut value);
            assert_eq!(the_one(&value) + 1, u64::from(version));
            assert_eq!(board.snapshot().row, value);
            // Parts first: they count on what the slots hold.
            let mut writer = board.row.writer().unwrap();
            let n = value[0];
            assert_eq!(u64::from(writer.set(512, n)), u64::from(version) + 1);
            assert!(board.row.read() == value);
            let next = writer.update_range(.., |new, old| {
                assert!(old == value);
                new.fill(u64::from(version) + 1);
            });
            assert_eq!(u64::from(next), u64::from(version) + 2);
            drop(writer);
            assert_eq!(name.bytes().u64(row + control::DEAD_OWNERS), death);
            assert_eq!(the_one(&board.row.read()) + 1, u64::from(board.row.version()));
        }
    });
}

/// A stopped holder is no dead one.
#[test]
fn a_stopped_holder_is_waited_for() {
    watched(|| {
        let (name, board) = create("stopped");
        let mut holder = opened!(&name);
        assert_eq!(holder.ask("hold-writer"), "holding");
        assert_eq!(holder.ask("write 4"), "2");
        holder.signal(rustix::process::Signal::STOP);
        holder.await_stopped();
        let result = board.row.update_timeout(Duration::from_millis(30), |_, _| ());
        assert!(matches!(result, Err(Error::Timeout { .. })), "{result:?}");
        assert_eq!(the_one(&board.row.read()), 4);
        holder.signal(rustix::process::Signal::CONT);
        assert_eq!(holder.ask("write 5"), "3");
        assert_eq!(holder.ask("release"), "ok");
        board.row.update(|_, old| assert_eq!(the_one(old), 5));
    });
}

/// The child's copy of a held writer holds nothing, and the parent's is still good.
#[test]
fn a_fork_child_neither_publishes_nor_releases() {
    watched(|| {
        let (name, board) = create("fork");
        let mut parent = child!("fork", "writer", &name);
        for line in [
            "child reads 7",
            "write: panicked",
            "update: panicked",
            "set: panicked",
            "update_range: panicked",
            "update_with: panicked",
            "writer: Forked",
            "anew: WouldBlock",
            "parent: 8",
        ] {
            parent.expect(line);
        }
        assert_eq!(u64::from(board.row.version()), 3);
        let result = board.row.try_update(|_, _| ());
        assert!(matches!(result, Err(Error::WouldBlock { .. })), "{result:?}");
        parent.close();
        board.row.try_update(|new, _| new.fill(1)).unwrap();
    });
}

/// The point of it: no instruction that waits for other processors, and one clock.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_publication_has_no_locked_instruction() {
    watched(|| {
        let name = Name::new("locks");
        let _state =
            shma_tests::states::Inside::create(&name, &shma_tests::states::Inside::zeroed())
                .unwrap();
        let mut child = child!("locks", &name);
        for call in ["write", "update", "update_with", "set", "update_range"] {
            child.expect(&format!("{call}: 0 locked, 1 clocks"));
        }
        // Acquisition and release: the search does find such instructions.
        child.expect("Field::write: 2 locked, 1 clocks");
    });
}
