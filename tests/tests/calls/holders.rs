//! Who holds a semaphore, for processes that do not want it: a sign of presence without a heartbeat.

use shma_core::{SemaphoreHolder, Shm, ShmState};
use shma_tests::child::Child;
use shma_tests::region::Name;
use shma_tests::states::Board;
use shma_tests::watchdog::{until, watched};

fn create(hint: &str) -> (Name, Shm<Board>) {
    let name = Name::new(hint);
    let board = Board::create(&name, &Board::with(7)).unwrap();
    (name, board)
}

fn opened(name: &Name, how: &str) -> Child {
    Child::opened(env!("CARGO_BIN_EXE_child"), how, name)
}

#[track_caller]
fn is(holder: Option<SemaphoreHolder>, pid: u32, own: bool, dead: bool) {
    let holder = holder.expect("it is held");
    assert_eq!((holder.pid, holder.own, holder.dead), (pid, own, dead));
}

/// Every process sees the same, whether it may write or not, and does not get in the holder's way.
#[test]
fn every_handle_names_the_holder() {
    watched(|| {
        let (name, board) = create("holder");
        let seen = Board::open_read_only(&name).unwrap();
        let mut reader = opened(&name, "open-read-only");
        assert_eq!((board.count.holder(), seen.count.holder()), (None, None));
        assert_eq!(reader.ask("holder"), "free");
        let mut holder = opened(&name, "open");
        let told = format!("{} own false dead false", holder.pid());
        assert_eq!(holder.ask("hold"), "holding");
        for _ in 0..100 {
            is(board.count.holder(), holder.pid(), false, false);
            is(seen.count.holder(), holder.pid(), false, false);
            assert_eq!(reader.ask("holder"), told);
        }
        assert_eq!(board.later.holder(), None, "another field has its own");
        // A holder that is stopped comes back.
        holder.stop();
        is(seen.count.holder(), holder.pid(), false, false);
        holder.go_on();
        assert_eq!(holder.ask("publish 8"), "ok");
        assert_eq!((board.count.holder(), seen.count.holder()), (None, None));
    });
}

/// From inside a closure, by the handle that holds it, by another one of this process, and by one that
/// may not write.
#[test]
fn a_holder_knows_itself() {
    watched(|| {
        let (name, board) = create("own");
        let second = Board::open(&name).unwrap();
        let seen = Board::open_read_only(&name).unwrap();
        let pid = std::process::id();
        board.count.update(|_, _| {
            is(board.count.holder(), pid, true, false);
            is(second.count.holder(), pid, false, false);
            is(seen.count.holder(), pid, false, false);
        });
        assert_eq!(board.count.holder(), None);
    });
}

/// A killed holder is dead for every process once the kernel has ended it, unreaped or not, and stays
/// the holder until another process acquires the semaphore.
#[test]
fn a_killed_holder_is_dead_and_named_until_it_is_replaced() {
    watched(|| {
        for reaped in [false, true] {
            let (name, board) = create("dead");
            let seen = Board::open_read_only(&name).unwrap();
            let mut reader = opened(&name, "open-read-only");
            let mut holder = opened(&name, "open");
            let pid = holder.pid();
            assert_eq!(holder.ask("hold"), "holding");
            holder.kill_unreaped();
            if reaped {
                drop(holder);
            }
            let is_dead = |holder: Option<SemaphoreHolder>| holder.expect("it is held").dead;
            until("its end is seen", || is_dead(seen.count.holder()));
            for _ in 0..3 {
                is(seen.count.holder(), pid, false, true);
                is(board.count.holder(), pid, false, true);
                assert_eq!(reader.ask("holder"), format!("{pid} own false dead true"));
            }
            board.count.try_update(|new, old| *new = old + 1).unwrap();
            assert_eq!((board.count.holder(), seen.count.holder()), (None, None));
            assert_eq!(seen.count.read(), 8);
        }
    });
}

/// One that releases the semaphore and ends at once is never reported as a dead holder: it held
/// nothing when it ended.
#[test]
fn a_holder_that_left_in_order_is_not_dead() {
    watched(|| {
        let (name, board) = create("left");
        let seen = Board::open_read_only(&name).unwrap();
        for n in 0..20 {
            let mut holder = opened(&name, "open");
            assert_eq!(holder.ask("hold"), "holding");
            holder.tell(&format!("publish {n}"));
            holder.tell("close");
            while let Some(holder) = seen.count.holder() {
                assert!(!holder.dead, "{holder}");
            }
            holder.expect("ok");
            holder.expect("ok");
            assert_eq!(board.count.read(), n);
        }
    });
}
