//! Descriptors that others close, and numbers that come back.

use shma_core::inspect::View;
use shma_core::{Error, Shm, ShmState};
use shma_tests::child;
use shma_tests::region::Name;
use shma_tests::states::Board;
use shma_tests::watchdog::watched;

fn create(hint: &str) -> (Name, Shm<Board>) {
    let name = Name::new(hint);
    let board = Board::create(&name, &Board::with(7)).unwrap();
    (name, board)
}

/// What a process prints when its output is closed goes to whatever has got the number.
#[test]
fn no_descriptor_gets_the_number_of_a_standard_stream() {
    watched(|| {
        for closed in ["0", "1", "2", "01", "02", "12", "012"] {
            let (name, board) = create("streams");
            let mut child = child!("closed-streams", closed, &name);
            child.expect("streams led to []");
            child.close();
            assert_eq!(Board::open(&name).unwrap().count.read(), 7);
            drop(board);
        }
    });
}

/// A handle whose descriptor was closed must not take another handle's for its own: it would
/// release that handle's lock, remove the name, and close the descriptor.
#[test]
fn a_reused_number_serves_its_new_handle() {
    watched(|| {
        for how in ["handle", "close-range", "many", "read-only", "duplicate", "child"] {
            let (name, board) = create("reused");
            let mut child = child!("reuse", how, &name);
            child.expect("open");
            drop(board);
            child.tell("go on");
            if how == "child" {
                child.expect("child: its number leads there, reads 7");
            }
            child.expect("current true, its number leads there");
            assert!(View::open(&name).unwrap().is_attached().unwrap(), "{how}");
            let created = Board::create(&name, &Board::zeroed()).map(drop);
            assert!(matches!(created, Err(Error::AlreadyExists { .. })), "{how}: {created:?}");
            child.tell("go on");
            child.expect("over");
            assert!(child.close().success());
            assert!(!name.exists(), "{how}: the last one deletes it");
        }
    });
}

/// What reads the region without being attached keeps its descriptor, and does not keep the name.
#[test]
fn a_reused_number_without_attachment_keeps_no_region() {
    watched(|| {
        for how in ["view", "file"] {
            let (name, board) = create("looked-at");
            let mut child = child!("reuse", how, &name);
            child.expect("open");
            drop(board);
            child.tell("go on");
            let said = child.line();
            assert!(
                said == "left, its number leads there"
                    || said == "attached false, its number leads there",
                "{said}"
            );
            assert!(!name.exists(), "{how}");
            child.tell("go on");
            child.expect("over");
        }
    });
}

/// A view whose number went to an attachment would overlook that one's lock.
#[test]
fn a_view_asks_no_handle_of_its_own_process() {
    watched(|| {
        let (name, board) = create("view");
        let mut child = child!("reuse", "view-to-handle", &name);
        child.expect("open");
        child.tell("go on");
        child.expect("two");
        drop(board);
        child.tell("go on");
        child.expect("attached true, current true");
        child.tell("go on");
        child.expect("over");
        assert!(!name.exists());
    });
}
