//! One campaign: its name, what it tries, and what its processes do.

use std::panic::{self, AssertUnwindSafe};

use crate::outcome::{self, Failure, Outcome};
use crate::plan::Plan;

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
