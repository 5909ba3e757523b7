//! The process that wants in.

use std::time::Duration;

use shma_core::Error;

use super::{myself, next_line, place, say};
use shma_tests::region::InDirectory;
use shma_tests::states::Board;

/// `place region`; then how to ask, a line each.
pub(super) fn contend(place: &str, region: &str) {
    if place != "here" {
        if let Err(error) = place::leave() {
            return say(&format!("not permitted: {error}"));
        }
        // It has the input and the output of this process, and ends with it.
        let next = if place == "second" { "first" } else { "here" };
        let mut inner = myself(&["rival", next, region]).spawn().unwrap();
        inner.wait().unwrap();
        return;
    }
    let board = Board::in_directory().open(region).unwrap();
    say("ready");
    let add = |new: &mut u64, old: &u64| {
        *new = old + 1;
        *new
    };
    while let Some(line) = next_line() {
        let entered = match line.as_str() {
            "try" => board.count.try_update(add),
            "wait" => board.count.update_timeout(Duration::from_millis(20), add),
            "enter" => Ok(board.count.update(add)),
            other => panic!("there is no order `{other}`"),
        };
        match entered {
            Ok(count) => say(&format!("in, {count}")),
            Err(Error::WouldBlock { .. }) => say("WouldBlock"),
            Err(Error::Timeout { .. }) => say("Timeout"),
            Err(error) => say(&error.to_string()),
        }
    }
}
