//! Every way of publishing on a [`Board`], and of not publishing what a closure made.

use shma_core::Shm;
use shma_tests::states::{Board, Row};
use shma_tests::watchdog::PATIENCE;

use crate::answer::{Answer, number, ok};

/// Makes the call that the words name, if they name one.
pub fn call(board: &Shm<Board>, words: &[&str]) -> Option<Answer> {
    match *words {
        ["row-write", n] => _ = board.row.write(&row(n)),
        ["row-update", n] => board.row.update(|new, _| *new = row(n)),
        ["row-update-with", n] => _ = board.row.update_with(&row(n), |new, _| new),
        ["row-merge", n] => _ = board.row.merge(&mut row(n), |new, _| new),
        ["row-update-if", n] => {
            let update = board.row.update_if(|new, _| fill(new, number(n)));
            update.expect("the closure wants it published");
        }
        ["row-update-when", n] => {
            let update = board.row.update_when(PATIENCE, |new, _| fill(new, number(n)));
            return Some(update.map(ok));
        }
        ["row-try-if", n] => {
            let update = board.row.try_update_if(|new, _| fill(new, number(n)));
            return Some(update.map(wanted));
        }
        ["row-if-within", n] => {
            let update = board.row.update_if_timeout(PATIENCE, |new, _| fill(new, number(n)));
            return Some(update.map(wanted));
        }
        ["row-range-if", n] => {
            let update = board.row.update_range_if(.., |new, _| fill(new, number(n)));
            update.expect("the closure wants it published");
        }
        ["row-write-flat", n] => _ = board.row.write_flat(&row(n)),
        ["row-update-flat", n] => board.row.update_flat(|new, _| new.fill(number(n))),
        ["row-update-with-flat", n] => _ = board.row.update_with_flat(&row(n), |new, _| new),
        ["row-decline", n] => {
            let none = board.row.update_if(|new, _| decline(new, number(n)));
            assert_eq!(none, None);
        }
        ["row-decline-try", n] => {
            let none = board.row.try_update_if(|new, _| decline(new, number(n)));
            return Some(none.map(declined));
        }
        ["row-decline-within", n] => {
            let none = board.row.update_if_timeout(PATIENCE, |new, _| decline(new, number(n)));
            return Some(none.map(declined));
        }
        ["row-decline-range", n] => {
            let none = board.row.update_range_if(100..200, |new, _| decline(new, number(n)));
            assert_eq!(none, None);
        }
        ["row-set", i, n] => _ = board.row.set(number(i) as usize, number(n)),
        ["transaction", n] => transact(board, number(n)),
        ["transaction-if", n] => {
            let wanted = board.transaction_if(|new, _| {
                (*new.count, *new.later) = (number(n), number(n));
                fill(new.row, number(n))
            });
            wanted.expect("the closure wants it published");
        }
        ["transaction-within", n] => {
            let published = board.transaction_timeout(PATIENCE, |new, _| {
                (*new.count, *new.later, *new.row) = (number(n), number(n), row(n));
            });
            return Some(published.map(ok));
        }
        ["transaction-of", n] => {
            let fields = (&board.row, &board.count, &board.later);
            board.transaction_of(fields, |(all, count, later), _| {
                (*count, *later, *all) = (number(n), number(n), row(n));
            });
        }
        ["transaction-declined", n] => {
            let none = board.transaction_if(|new, _| {
                (*new.count, *new.later) = (number(n), number(n));
                decline(new.row, number(n))
            });
            assert_eq!(none, None);
        }
        ["transaction-of-later", n] => board.transaction(|new, _| *new.later = number(n)),
        _ => return None,
    }
    Some(Ok(ok(())))
}

/// Gives all three fields one number, at once.
pub fn transact(board: &Shm<Board>, n: u64) {
    board.transaction(|new, _| {
        (*new.count, *new.later, *new.row) = (n, n, [n; 1024]);
    });
}

/// Fills what a closure gets, and has it published.
fn fill(new: &mut [u64], n: u64) -> Option<()> {
    new.fill(n);
    Some(())
}

/// Fills what a closure gets, and does not want it published.
fn decline(new: &mut [u64], n: u64) -> Option<()> {
    new.fill(n);
    None
}

fn row(n: &str) -> Row {
    [number(n); 1024]
}

fn wanted(result: Option<()>) -> String {
    result.expect("the closure wants it published");
    ok(())
}

fn declined(result: Option<()>) -> String {
    assert_eq!(result, None);
    ok(())
}
