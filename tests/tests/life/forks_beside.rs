//! Threads that fork while another thread of their process attaches or removes a name. The child
//! has a copy of every descriptor that is open at that moment, and so a share of its locks, and
//! lives on.

use std::process::Command;
use std::time::Duration;

use shma_core::{Error, Shm, ShmState};
use shma_tests::child::Child;
use shma_tests::region::Name;
use shma_tests::states::Board;
use shma_tests::switched;
use shma_tests::watchdog::watched;

/// In this time a waiter replaces a dead holder; and in this one it is sure that it does not.
const LONG: Duration = Duration::from_secs(5);
const LONG_ENOUGH: Duration = Duration::from_millis(200);

fn create(hint: &str) -> (Name, Shm<Board>) {
    let name = Name::new(hint);
    let board = Board::options().persistent(true).create(&name, &Board::with(7)).unwrap();
    (name, board)
}

fn start(call: &str, name: &Name) -> Child {
    Child::start(env!("CARGO_BIN_EXE_forker"), &[call, name])
}

fn start_faulty(fault: &str, call: &str, name: &Name) -> Child {
    let mut program = Command::new(switched::program("forker"));
    Child::start_command(program.args([call, name]).env("SHMA_MUTANT", fault))
}

/// The child would be the owner's sign of life: once the owner is dead, every process would wait
/// for the child.
#[test]
fn a_child_is_no_sign_of_its_parents_life() {
    watched(|| {
        let (name, board) = create("fork-beside-open");
        for round in 1..=20 {
            let call = if round % 2 == 0 { "open" } else { "open-late" };
            let mut parent = start(call, &name);
            parent.expect("forked");
            parent.expect("holding");
            parent.kill_unreaped();
            let entered = board.count.update_timeout(LONG, |new, old| *new = old + 1);
            assert!(entered.is_ok(), "{entered:?}");
            assert_eq!(board.count.read(), 7 + round);
        }
        Board::unlink(&name).unwrap();
    });
}

/// The child would hold the name: no process could remove or replace it.
#[test]
fn a_child_holds_no_name() {
    watched(|| {
        let (name, board) = create("fork-beside-unlink");
        for _ in 0..20 {
            let mut parent = start("unlink", &name);
            assert_eq!(parent.next_line(), None, "no thread forks before it ends");
            assert!(name.exists());
        }
        Board::unlink(&name).unwrap();
        assert!(!board.is_current());
    });
}

/// Where no fork waits, both come to pass, so that the tests above show something.
#[test]
fn forks_that_do_not_wait_are_noticed() {
    switched::program("forker");
    watched(move || {
        let (name, board) = create("unwatched");
        for (fault, call) in [("forks-unwatched", "open"), ("forks-watched-late", "open-late")] {
            let mut parent = start_faulty(fault, call, &name);
            parent.expect("forked");
            parent.expect("holding");
            parent.kill_unreaped();
            let kept_out = board.count.update_timeout(LONG_ENOUGH, |new, old| *new = old + 1);
            assert!(matches!(kept_out, Err(Error::Timeout { .. })), "{kept_out:?}");
            drop(parent);
            let entered = board.count.update_timeout(LONG, |new, old| *new = old + 1);
            entered.expect("the child has ended");
        }

        let mut parent = start_faulty("forks-unwatched", "unlink", &name);
        parent.expect("forked");
        let kept = Board::unlink(&name);
        assert!(matches!(kept, Err(Error::Timeout { .. })), "{kept:?}");
        drop(parent);
        Board::unlink(&name).unwrap();
    });
}
