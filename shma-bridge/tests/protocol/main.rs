//! Every order of what may happen to a gathered field: local writes, rounds, a busy semaphore, the death
//! of all bridges between any two steps, a region that is made anew. The decisions are the bridge's own
//! ([`shma_bridge::protocol`]); the steps around them are written a second time.
//!
//! A wrong variant of each decision must be caught, or the exploration would say nothing.

mod model;

use model::{Fault, Limits, explore};

/// Two nodes, with everything that may happen.
const TWO: Limits =
    Limits { nodes: 2, writes: 2, remakes: 1, kills: 1, busy: 1, own: 5, small: false };
/// The same, with rows that go along with the statuses.
const SMALL: Limits = Limits { small: true, ..TWO };
/// As many, whose regions are created alike.
const ALIKE: Limits = Limits { own: 0, ..TWO };
/// Three, so that one may lag behind another when all die.
const THREE: Limits =
    Limits { nodes: 3, writes: 1, remakes: 0, kills: 1, busy: 0, own: 5, small: false };

#[test]
fn nothing_is_lost_and_nothing_goes_round_for_ever() {
    for limits in [TWO, SMALL, ALIKE, THREE] {
        let states = explore(limits, Fault::None).unwrap_or_else(|broken| panic!("{broken}"));
        println!("{limits:?}: {states} states");
        assert!(states > 1000, "only {states} states were visited");
    }
}

fn is_caught(limits: Limits, fault: Fault, how: &str) {
    match explore(limits, fault) {
        Ok(states) => panic!("{fault:?} is not caught in {states} states"),
        Err(broken) => {
            assert!(broken.contains(how), "{fault:?} is caught, but not by {how}: {broken}")
        }
    }
}

/// A region that was made anew would send what it was created with over what the others keep for it.
#[test]
fn a_new_region_that_sends_first_is_caught() {
    is_caught(TWO, Fault::SendsWhenFresh, "lost");
}

/// A bridge that publishes what is there already, and counts its own publication as news, sends for
/// ever.
#[test]
fn echo_is_caught() {
    is_caught(TWO, Fault::Echo, "for ever");
}

/// A fresh node that took a part would not be fresh after it, and never ask for the rest.
#[test]
fn adopting_a_part_is_caught() {
    is_caught(TWO, Fault::AdoptsParts, "lost");
}

/// A local write between the look and the publication would be overwritten.
#[test]
fn adopting_without_a_look_under_the_semaphore_is_caught() {
    is_caught(TWO, Fault::AdoptsUnseen, "lost");
}

/// What another node keeps of this one's rows is older than the rows themselves.
#[test]
fn taking_the_own_rows_is_caught() {
    is_caught(TWO, Fault::TakesOwn, "lost");
}

/// A publication that comes between the look and the read counts as sent, and its rows did not move.
#[test]
fn reading_what_does_not_move_is_caught() {
    is_caught(TWO, Fault::ReadsUnsent, "lost");
}

/// What went along with the status is older than what is read after it, and would count as sent.
#[test]
fn reading_again_what_went_along_is_caught() {
    is_caught(SMALL, Fault::ReadsAgain, "lost");
}

/// What was read while the node waited has not been sent yet, and may not be.
#[test]
fn counting_what_was_read_ahead_as_sent_is_caught() {
    is_caught(TWO, Fault::CountsAhead, "lost");
}

/// A publication that comes after the read, and before the values move, would count as sent.
#[test]
fn counting_what_came_after_the_read_ahead_is_caught() {
    is_caught(TWO, Fault::CountsNewest, "lost");
}

/// A local publication below the bridge's own counts as sent, and was not.
#[test]
fn counting_a_local_publication_as_sent_is_caught() {
    is_caught(TWO, Fault::CountsLocal, "lost");
}

/// A fresh node that adopts what it has already stays fresh, and asks again.
#[test]
fn adopting_without_a_publication_is_caught() {
    is_caught(ALIKE, Fault::AdoptsSilently, "for ever");
}
