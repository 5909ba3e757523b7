//! What an acquisition that found the semaphore held owes, before anything else.

use crate::protocol::commit;
use crate::protocol::control::Control;
use crate::protocol::semaphore::{Acquired, Semaphore};
use crate::region::Region;
use crate::sync::Ordering;

/// Completes the commit that a dead owner left, and counts.
#[cold]
pub(super) fn settle(region: &Region, control: &Control, acquired: Acquired) {
    if acquired == Acquired::FromDead {
        let semaphore = Semaphore(&control.lock);
        commit::inherit(&region.header().commit, semaphore, || region.controls());
        // Relaxed, here and below: counters for people.
        control.dead_owners.fetch_add(1, Ordering::Relaxed);
    }
    control.contended.fetch_add(1, Ordering::Relaxed);
}
