//! No room, and calls to the kernel that fail.
//!
//! `/dev/shm` has room for one page more at each attempt until a region fits. Each system call that
//! any call of the library makes fails once, in each of several ways. The call then returns an
//! error, or succeeds where it can do without. It never panics and never makes a region that is not
//! whole. It leaves nothing behind, except what could not be removed because the removal failed.
//!
//! All of it happens in a tmpfs that is mounted over `/dev/shm`, or the directory of `--dir`, and that no other
//! process sees, so that what is there is ours.

mod calls;
mod refusal;
mod room;

use crate::campaign::Campaign;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::ptrace;
use shma_tests::namespace;

/// The campaign.
pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "full",
    about: "fills /dev/shm, and lets each system call fail",
    run,
    work: |arguments| panic!("no process of its own starts with {arguments:?}"),
};

fn run(plan: &Plan, outcome: &mut Outcome) {
    if let Err(error) = namespace::mount_small("16m", "1000") {
        return outcome.skip(format!("mounting a /dev/shm of its own is not permitted: {error}"));
    }
    if let Err(failure) = room::fill(outcome) {
        return outcome.fail(failure);
    }
    if let Err(error) = ptrace::is_permitted() {
        return outcome.skip(format!("a child cannot be traced here: {error}"));
    }
    if let Err(failure) = refusal::refuse_all(plan, outcome) {
        outcome.fail(failure);
    }
}
