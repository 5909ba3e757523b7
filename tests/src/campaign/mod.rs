//! Campaigns: each tries to break one of the promises for as long as it is told to.
//!
//! A campaign is a file of its own here and an entry in [`ALL`]. What its processes do stands
//! beside it: they are the program `campaign` once more, told so by its hidden command `worker`.

pub mod birth;
pub mod full;
mod history;
mod hostile_file;
mod hostile_peer;
pub mod kill;
mod models;
mod namespaces;
mod outcome;
mod plan;
mod progress;
mod short;
pub mod step_kill;
mod tear;
mod tsan;

use std::panic::{self, AssertUnwindSafe};

pub use outcome::{Failure, Outcome};
pub use plan::{Effort, Plan, Rounds};
pub use short::{is_caught, passes};

/// One campaign.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// Tries, and notes what it has tried and what failed. It may give up at the first failure. A
    /// panic is a failure too.
    pub run: fn(&Plan, &mut Outcome),
    /// What a process of the campaign does, by its arguments.
    pub work: fn(&[&str]),
}

/// All there are, in the order in which they run.
pub const ALL: &[Campaign] = &[
    step_kill::STEP_KILL,
    kill::KILL,
    birth::BIRTH,
    full::FULL,
    history::CAMPAIGN,
    tear::CAMPAIGN,
    namespaces::CAMPAIGN,
    hostile_file::CAMPAIGN,
    hostile_peer::CAMPAIGN,
    tsan::CAMPAIGN,
    models::CAMPAIGN,
];

/// The campaign of this name.
pub fn find(name: &str) -> Option<&'static Campaign> {
    ALL.iter().find(|campaign| campaign.name == name)
}

impl Campaign {
    /// Runs it to its end.
    pub fn execute(&self, plan: &Plan) -> Outcome {
        let mut outcome = Outcome::default();
        let run = AssertUnwindSafe(|| (self.run)(plan, &mut outcome));
        if let Err(panic) = panic::catch_unwind(run) {
            outcome.fail(Failure::new(self.name, outcome::message(&*panic)));
        }
        outcome
    }
}
