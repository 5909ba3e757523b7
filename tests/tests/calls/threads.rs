//! Two threads on one handle: they are one owner, so the handle itself has to keep them apart.

use std::sync::mpsc;
use std::time::Duration;

use shma_core::{Error, Shm, ShmState};
use shma_tests::region::Name;
use shma_tests::states::{Board, the_one};
use shma_tests::watchdog::watched;

fn create(hint: &str) -> (Name, Shm<Board>) {
    let name = Name::new(hint);
    let board = Board::create(&name, &Board::zeroed()).unwrap();
    (name, board)
}

/// The lock word holds the attachment's id, which both threads have.
#[test]
fn one_thread_at_a_time_is_inside() {
    watched(|| {
        let (_name, board) = create("threads");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for i in 0..5_000 {
                        match i % 3 {
                            0 => board.count.update(|new, old| *new = old + 1),
                            1 => _ = board.count.update_with(&1, |new, old| new + old),
                            _ => _ = board.count.merge(&mut 1, |new, old| new + old),
                        }
                    }
                });
            }
        });
        assert_eq!((board.count.read(), u64::from(board.count.version())), (20_000, 20_001));
    });
}

/// Values that are too large for the stack are copied to buffers that the handle keeps.
#[test]
fn threads_do_not_share_buffers() {
    watched(|| {
        let (_name, board) = create("buffers");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        board.row.update(|new, old| {
                            let n = the_one(old);
                            assert_eq!(the_one(new), n);
                            new.fill(n + 1);
                        });
                    }
                });
            }
            scope.spawn(|| {
                let mut last = 0;
                while last < 8_000 {
                    let n = the_one(&board.row.read());
                    assert!(n >= last);
                    last = n;
                }
            });
        });
        assert_eq!(u64::from(board.row.version()), 8_001);
    });
}

/// What one thread holds is no re-entry of the other, which waits or is told to come again.
#[test]
fn another_thread_is_no_reentry() {
    watched(|| {
        let (_name, board) = create("reentry");
        let (held, holding) = mpsc::channel();
        let (go, going) = mpsc::channel::<()>();
        let board = &board;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                board.later.update(|new, _| {
                    held.send(()).unwrap();
                    let _ = going.recv();
                    *new = 5;
                });
            });
            holding.recv().unwrap();
            let result = board.later.try_update(|_, _| ());
            assert!(matches!(result, Err(Error::WouldBlock { .. })), "{result:?}");
            board.count.update(|_, _| ());
            assert_eq!(board.later.read(), 0);
            let waiter = scope.spawn(|| board.later.update(|new, old| *new = old + 1));
            drop(go);
            waiter.join().unwrap();
        });
        assert_eq!(board.later.read(), 6);
    });
}

/// A thread sleeps for what another one publishes.
#[test]
fn a_thread_wakes_its_sibling() {
    watched(|| {
        let (_name, board) = create("sibling");
        std::thread::scope(|scope| {
            let board = &board;
            let hour = Duration::from_secs(3600);
            let mut version = board.count.version();
            for _ in 0..100 {
                let sleeper = scope.spawn(move || board.count.wait_newer(version, hour));
                board.count.update(|new, old| *new = old + 1);
                version = sleeper.join().unwrap().unwrap();
            }
            assert_eq!(u64::from(version), 101);
        });
    });
}

/// A handle that is dropped in one thread while another one has its own.
#[test]
fn dropping_one_handle_leaves_the_other() {
    watched(|| {
        let (name, board) = create("handles");
        let second = Board::open(&name).unwrap();
        let reader = std::thread::spawn(move || {
            let value = second.count.read();
            drop(second);
            value
        });
        assert_eq!(reader.join().unwrap(), 0);
        assert!(name.exists());
        board.count.update(|new, old| *new = old + 1);
        assert_eq!(Board::open(&name).unwrap().count.read(), 1);
    });
}
