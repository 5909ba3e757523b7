//! Closures that panic, nest, or reach for what they are inside of.

use std::panic::panic_any;
use std::time::Duration;

use shma_core::{Error, Shm, ShmState};
use shma_tests::child;
use shma_tests::panics::panic_of;
use shma_tests::states::{Board, the_one};
use shma_tests::watchdog::watched;

/// Nothing shows of an update that panicked: not in the value, not in the version, not in the
/// semaphore. And nothing shows later: its slot holds half of what was never published, and the
/// next publications go through all slots.
#[track_caller]
fn nothing_happened(board: &Shm<Board>, old: &Shm<Board>, row: u64, version: u64) {
    for reader in [board, old] {
        assert_eq!(the_one(&reader.row.read()), row);
        assert_eq!(u64::from(reader.row.version()), version);
    }
    let mut expected = version;
    for n in 0..10 {
        let value = row + n + 1;
        match n % 3 {
            0 => {
                let update = board.row.try_update(|new, old| {
                    assert_eq!(the_one(old), value - 1);
                    new.fill(value);
                });
                update.expect("the semaphore is free");
            }
            1 => _ = board.row.write(&[value; 1024]),
            _ => _ = board.row.update_with(&[1; 1024], |new, old| new + old),
        }
        expected += 1;
        assert_eq!(the_one(&old.row.read()), value, "a reader who was there before");
        assert_eq!(u64::from(old.row.version()), expected);
    }
}

/// The closure has changed its copy when it panics.
#[test]
fn a_panic_in_update_publishes_nothing() {
    watched(|| {
        let (name, board) = Board::created("panic", 0);
        let old = Board::open(&name).unwrap();
        board.row.write(&[5; 1024]);
        for (row, version) in [(5, 2), (15, 12)] {
            let panic = panic_of(|| {
                board.row.update(|new, _| {
                    new[..512].fill(666);
                    panic_any("enough".to_owned());
                });
            });
            assert_eq!(panic, "enough", "the panic is the closure's");
            nothing_happened(&board, &old, row, version);
        }
    });
}

/// Element-wise calls have stored blocks into the slot when the closure panics.
#[test]
fn a_panic_in_element_wise_calls_publishes_nothing() {
    watched(|| {
        let (name, board) = Board::created("panic-blocks", 0);
        let old = Board::open(&name).unwrap();
        board.row.write(&[5; 1024]);
        let mut row = 5;
        let mut version = 2;
        for last in [0, 1, 511, 512, 1023] {
            let mut left = last;
            let mut until_last = |_, _| match left {
                0 => panic!("enough"),
                _ => {
                    left -= 1;
                    666
                }
            };
            panic_of(|| board.row.update_with(&[1; 1024], &mut until_last));
            nothing_happened(&board, &old, row, version);
            (row, version) = (row + 10, version + 10);

            let mut left = last;
            let until_last = |_, _| match left {
                0 => panic!("enough"),
                _ => {
                    left -= 1;
                    666
                }
            };
            panic_of(|| board.row.merge(&mut [1; 1024], until_last));
            nothing_happened(&board, &old, row, version);
            (row, version) = (row + 10, version + 10);
        }
    });
}

/// The whole state goes field after field: those before the panic are published, the one at hand
/// and those behind it are not, and no semaphore stays taken.
#[test]
fn a_panic_in_whole_state_calls_frees_every_semaphore() {
    watched(|| {
        let (_name, board) = Board::created("panic-whole", 1);
        let ones = Board::with(1);
        let mut calls = 0;
        let panic = panic_of(|| {
            board.update_with(&ones, |new: u64, old| {
                calls += 1;
                assert!(calls < 3, "in the third field");
                new + old
            });
        });
        assert!(panic.contains("in the third field"), "{panic}");
        assert_eq!((board.count.read(), board.later.read()), (2, 0));
        let versions = [board.count.version(), board.later.version(), board.row.version()];
        assert_eq!(versions.map(u64::from), [2, 2, 1]);
        board.update_with(&ones, |new: u64, old| new + old);
        let versions = [board.count.version(), board.later.version(), board.row.version()];
        assert_eq!(versions.map(u64::from), [3, 3, 2]);
    });
}

/// A process that catches its panic, or dies of it, leaves the semaphore to the others.
#[test]
fn a_panic_in_another_process_frees_the_semaphore() {
    watched(|| {
        let (name, board) = Board::created("panic-peer", 7);
        let mut child = child!("talk");
        child.order(&format!("open {name}"));
        assert_eq!(child.ask("hold"), "holding");
        assert_eq!(child.ask("panic"), "panicked: told to");
        board.count.try_update(|new, old| *new = old + 1).unwrap();
        assert_eq!(child.ask("read"), "8");
        child.order("add 1");
        assert_eq!((board.count.read(), u64::from(board.count.version())), (9, 3));
    });
}

/// A thread that waited for itself would wait for ever. The calls without a `Result` panic and
/// name the field; the others say so.
#[test]
fn reentry_into_the_same_field_panics() {
    watched(|| {
        let (_name, board) = Board::created("same", 1);
        let nested = |inside: &str| {
            let second = board.count.try_update(|_, _| ());
            let count = matches!(&second, Err(Error::Reentrant { held, .. }) if held == "count");
            assert!(count, "{second:?}");
            let second = board.count.update_timeout(Duration::from_secs(3600), |_, _| ());
            assert!(matches!(second, Err(Error::Reentrant { .. })), "{second:?}");
            for panic in [
                panic_of(|| board.count.update(|new, _| *new = 666)),
                panic_of(|| board.count.update_with(&666, |new, _| new)),
                panic_of(|| board.count.merge(&mut 666, |new, _| new)),
                panic_of(|| board.count.write(&666)),
                panic_of(|| board.update_with(&Board::with(666), |new: u64, _| new)),
            ] {
                assert!(panic.contains("inside an update of field `count`"), "{inside}: {panic}");
            }
        };
        board.count.update(|new, old| {
            nested("update");
            *new = old + 1;
        });
        board.count.update_with(&1, |new, old| {
            nested("update_with");
            new + old
        });
        board.count.merge(&mut 1, |new, old| {
            nested("merge");
            new + old
        });
        assert_eq!((board.count.read(), u64::from(board.count.version())), (4, 4));
    });
}

/// Two threads that nest two fields in two orders wait for each other. So one order is refused,
/// in every thread, whether another one is there or not.
#[test]
fn nesting_against_the_lock_order_panics() {
    watched(|| {
        let (_name, board) = Board::created("order", 1);
        board.row.update(|_, _| {
            let count = board.count.try_update(|_, _| ());
            let Err(error) = count else { panic!("it was taken") };
            let row = matches!(&error, Error::Reentrant { held, .. } if held == "row");
            assert!(row, "{error:?}");
            assert!(error.to_string().contains("declaration order"), "{error}");
            assert!(matches!(board.later.try_update(|_, _| ()), Err(Error::Reentrant { .. })));
        });
        let in_order = board.count.update(|count, _| {
            board.later.update(|later, _| {
                board.row.update(|row, _| row.fill(3));
                *later = 2;
                *count = 5;
                // The innermost is released, and may be acquired again.
                board.row.try_update(|row, _| row.fill(4)).is_ok()
            })
        });
        assert!(in_order);
        assert_eq!((board.count.read(), board.later.read()), (5, 2));
        assert_eq!(the_one(&board.row.read()), 4);
        board.count.try_update(|_, _| ()).expect("nothing is held any more");
    });
}

/// Two attachments of one process are two owners, and the thread that holds the one would wait
/// for itself through the other.
#[test]
fn reentry_through_a_second_handle_panics() {
    watched(|| {
        let (name, board) = Board::created("twice", 1);
        let second = Board::open(&name).unwrap();
        board.later.update(|_, _| {
            assert!(matches!(second.later.try_update(|_, _| ()), Err(Error::Reentrant { .. })));
            assert!(matches!(second.count.try_update(|_, _| ()), Err(Error::Reentrant { .. })));
            second.row.try_update(|_, _| ()).expect("declared later, so in order");
        });
        second.count.try_update(|_, _| ()).unwrap();
    });
}

/// What a thread holds in one region says nothing about another.
#[test]
fn another_region_is_refused_inside_a_closure() {
    watched(|| {
        let (_name, board) = Board::created("one", 1);
        let (_name, other) = Board::created("other", 1);
        board.row.update(|_, _| {
            other.count.update(|new, old| {
                *new = old + 1;
                other.row.update(|_, _| ());
            });
        });
        assert_eq!(other.count.read(), 2);
    });
}

/// Reads inside an update: of the field itself, before anything is published, and of others.
#[test]
fn reads_inside_an_update_see_the_published_value() {
    watched(|| {
        let (name, board) = Board::created("inside", 1);
        let second = Board::open(&name).unwrap();
        let seen = Board::open_read_only(&name).unwrap();
        board.row.update(|new, old| {
            new.fill(666);
            assert_eq!(the_one(old), 0);
            assert_eq!(the_one(&board.row.read()), 0);
            assert_eq!(the_one(&second.row.read()), 0);
            assert_eq!(the_one(&seen.row.read()), 0);
            assert_eq!(board.read_boxed().count, 1);
            assert_eq!(u64::from(board.row.version()), 1);
            let newer = board.row.wait_newer(board.row.version(), Duration::from_millis(1));
            assert!(matches!(newer, Err(Error::Timeout { .. })), "{newer:?}");
            new.fill(7);
        });
        assert_eq!(the_one(&seen.row.read()), 7);
    });
}

/// What a closure returns is what the call returns, borrowed or moved.
#[test]
fn closures_return_their_results() {
    watched(|| {
        let (_name, board) = Board::created("result", 3);
        let text = String::from("a text that is moved through");
        let result = board.count.update(|new, old| {
            *new = old * 2;
            (text, *new)
        });
        assert_eq!(result, ("a text that is moved through".to_owned(), 6));
        let limit = Duration::MAX;
        assert_eq!(board.count.update_timeout(limit, |_, old| *old).unwrap(), 6);
    });
}
