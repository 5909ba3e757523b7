//! Processes killed wherever they stand.

use shma_core::{Error, ShmState};
use shma_tests::child::Child;
use shma_tests::region::{Name, control};
use shma_tests::sizes;
use shma_tests::states::{Board, Tally, the_one};
use shma_tests::watchdog::{until, watched};
use shma_tests::{child, opened};

/// The holder never comes back. Its semaphore is taken over, and what it was about to publish has
/// never been.
#[test]
fn a_killed_holder_is_replaced() {
    watched(|| {
        let name = Name::new("holder");
        let board = Board::create(&name, &Board::with(7)).unwrap();
        for (hold, n) in [("hold", 1), ("hold-row", 2), ("hold-later", 3)] {
            let mut holder = opened!(&name);
            assert_eq!(holder.ask(hold), "holding");
            holder.kill();
            board.count.update(|new, old| *new = old + 1);
            board.later.update_with(&1, |new, old| new + old);
            board.row.merge(&mut [1; 1024], |new, old| new + old);
            assert_eq!((board.count.read(), board.later.read()), (7 + n, n));
            assert_eq!(the_one(&board.row.read()), n);
            let versions = [board.count.version(), board.later.version(), board.row.version()];
            assert_eq!(versions.map(u64::from), [1 + n; 3]);
        }
    });
}

/// A call that does not wait still has to find out that the holder is dead.
#[test]
fn try_update_replaces_a_killed_holder() {
    watched(|| {
        let name = Name::new("try");
        let board = Board::create(&name, &Board::with(7)).unwrap();
        let mut holder = opened!(&name);
        assert_eq!(holder.ask("hold"), "holding");
        let result = board.count.try_update(|_, _| ());
        assert!(matches!(result, Err(Error::WouldBlock { .. })), "{result:?}");
        holder.kill();
        board.count.try_update(|new, old| *new = old + 1).unwrap();
        assert_eq!(board.count.read(), 8);
    });
}

/// A process that is not reaped yet is dead, although its id is still taken.
#[test]
fn a_zombie_is_replaced() {
    watched(|| {
        let name = Name::new("zombie");
        let board = Board::create(&name, &Board::with(7)).unwrap();
        let mut holder = opened!(&name);
        assert_eq!(holder.ask("hold"), "holding");
        holder.kill_unreaped();
        // Its memory, and with it the lock that says that it lives, may outlast it for a moment in the
        // hands of a process that reads `/proc`.
        until("the zombie is replaced", || {
            board.count.try_update(|new, old| *new = old + 1).is_ok()
        });
        assert_eq!((board.count.read(), u64::from(board.count.version())), (8, 2));
        assert!(std::path::Path::new(&format!("/proc/{}", holder.pid())).exists());
    });
}

/// Two hundred in a row die with the semaphore in their hands; each of them had it from the one
/// before.
#[test]
fn each_of_several_dead_holders_is_replaced() {
    watched(|| {
        let name = Name::new("dead");
        let board = Board::create(&name, &Board::with(0)).unwrap();
        for n in 0..200 {
            let mut holder = opened!(&name);
            assert_eq!(holder.ask("hold"), "holding");
            holder.kill();
            if n % 4 == 3 {
                board.count.update(|new, old| *new = old + 1);
            }
        }
        assert_eq!((board.count.read(), u64::from(board.count.version())), (50, 51));
        let [count, ..] = Board::partitions();
        assert_eq!(name.bytes().u64(count + control::DEAD_OWNERS), 200);
    });
}

/// Writers that sleep for the semaphore of a dead holder are woken by no process.
#[test]
fn a_queue_behind_a_dead_holder_goes_on() {
    watched(|| {
        let name = Name::new("queue");
        let board = Board::create(&name, &Board::with(0)).unwrap();
        let mut holder = opened!(&name);
        assert_eq!(holder.ask("hold"), "holding");
        let mut queue: Vec<Child> = (0..5).map(|_| opened!(&name)).collect();
        queue.iter_mut().for_each(|child| child.tell("add 1"));
        let [count, ..] = Board::partitions();
        until("a writer queues", || name.bytes().has_waiters(count));
        holder.kill();
        queue.iter_mut().for_each(|child| child.expect("ok"));
        assert_eq!(board.count.read(), 5);
    });
}

/// A sleeping writer is killed, and with it may go a wake-up that was another's.
#[test]
fn a_killed_waiter_costs_no_other_its_wake_up() {
    watched(|| {
        let name = Name::new("waiter");
        let board = Board::create(&name, &Board::with(0)).unwrap();
        let [count, ..] = Board::partitions();
        for n in 1..=10 {
            let mut holder = opened!(&name);
            assert_eq!(holder.ask("hold"), "holding");
            let mut killed = opened!(&name);
            let mut other = opened!(&name);
            killed.tell("add 1000");
            until("one queues", || name.bytes().has_waiters(count));
            other.tell("add 1");
            if n % 2 == 0 {
                killed.kill();
                assert_eq!(holder.ask(&format!("publish {}", n - 1)), "ok");
            } else {
                killed.stop();
                assert_eq!(holder.ask(&format!("publish {}", n - 1)), "ok");
                killed.kill();
            }
            other.expect("ok");
            assert_eq!(board.count.read(), n);
        }
    });
}

/// A waiter for a publication is killed; the publisher still wakes the others.
#[test]
fn a_killed_sleeper_does_not_stall_the_publisher() {
    watched(|| {
        let name = Name::new("sleeper");
        let board = Board::create(&name, &Board::with(0)).unwrap();
        let [count, ..] = Board::partitions();
        let mut killed = opened!(&name);
        let mut other = opened!(&name);
        for child in [&mut killed, &mut other] {
            child.tell("wait 3600000");
            child.expect("since 1");
        }
        until("they sleep", || name.bytes().has_sleepers(count));
        killed.kill();
        board.count.update(|new, old| *new = old + 1);
        other.expect("2");
        assert_eq!(board.count.read(), 1);
    });
}

/// Three processes count, each its own number and the total in one update; now one is killed, now
/// another, at whatever instruction it is. What is published always adds up and never goes back.
#[test]
fn last_values_survive_kills_at_any_instruction() {
    watched(|| {
        let name = Name::new("tally");
        let tally = Tally::create(&name, &Tally::zeroed()).unwrap();
        let start = |own: usize| {
            let mut child = child!("tally", &name, own);
            child.expect("adding");
            child
        };
        let mut peers: Vec<Child> = (1..=3).map(start).collect();
        let mut last = 0;
        let mut twice = 0;
        for round in 0..sizes::either(60_u64, 300) {
            // Not after any time: after so many publications, so that it is somewhere else in
            // every round.
            let goal = tally.counts.version();
            let more = round * 37 % 23;
            until("they go on", || {
                u64::from(tally.counts.version()).wrapping_sub(goal.into()) > more
            });
            let killed = (round % 3) as usize;
            let fresh = start(killed + 1);
            std::mem::replace(&mut peers[killed], fresh).kill();

            let counts = tally.counts.read();
            assert_eq!(counts[0], counts[1..].iter().sum::<u64>(), "round {round}");
            assert!(counts[0] >= last, "from {last} back to {}", counts[0]);
            last = counts[0];
            let now = the_one(&tally.twice.read());
            assert!(now >= twice, "from {twice} back to {now}");
            twice = now;
        }
        peers.into_iter().for_each(Child::kill);
        // Each publication is an increment, but those of the dead are as good as any.
        tally.counts.update(|_, _| ());
        let total = tally.counts.read()[0];
        assert_eq!(u64::from(tally.counts.version()), total + 2);
    });
}
