//! Campaigns: each tries to break one of the promises for as long as it is told to.
//!
//! A campaign is a file of its own here and an entry in [`ALL`]. What its processes do stands
//! beside it: they are the program `campaign` once more, told so by its hidden command `worker`.

mod birth;
#[cfg(target_arch = "x86_64")]
mod full;
mod history;
mod hostile_file;
mod hostile_peer;
mod kill;
mod models;
mod namespaces;
mod outcome;
mod plan;
mod present;
mod progress;
mod short;
#[cfg(target_arch = "x86_64")]
mod step_kill;
mod stop;
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

/// All there are, in the order in which they run. Those that lead a child by its registers know
/// those of one architecture.
pub const ALL: &[Campaign] = &[
    #[cfg(target_arch = "x86_64")]
    step_kill::CAMPAIGN,
    kill::CAMPAIGN,
    birth::CAMPAIGN,
    stop::CAMPAIGN,
    #[cfg(target_arch = "x86_64")]
    full::CAMPAIGN,
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
