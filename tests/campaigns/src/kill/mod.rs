//! Writers and readers that are killed at random instants and replaced at once.
//!
//! Every value that a process reads is checked against what other processes were told was published
//! before. Every acknowledged publication is counted, and at the end the versions are compared with
//! the counts.
//!
//! A writer and a reader are spared, the *witnesses*: a process that is killed after some
//! milliseconds cannot wait for long. No call is to wait over 250 ms. A wall clock says little
//! about that on a machine with few processors. A holder of the semaphore may be kept off its
//! processor, and then every process waits. So a *control*, a process that never waits for
//! anything, notes the longest time between two looks at the clock. The limit is 250 ms, and that
//! time once for each process that can have been in front of the waiting one. A semaphore that is
//! never acquired has no such excuse.

mod herd;
mod life;
mod shared;
mod target;
mod untyped_life;

use shma_core::{Shm, ShmState};

use crate::campaign::Campaign;
use crate::dump;
use crate::kill::herd::Herd;
use crate::kill::target::{FIELDS, Target, versions, write_everywhere};
use crate::outcome::{Failure, Outcome};
use crate::plan::Plan;
use shma_tests::region::{InDirectory, Name};

/// The campaign.
pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "kill",
    about: "kills writers and readers at random instants, every 0.3 to 1 ms",
    run,
    work: |arguments| panic!("no process of its own starts with {arguments:?}"),
};

/// Deaths in the short form.
const SHORT: u64 = 3_000;

/// Between two complete looks at the counts.
const LOOK: u64 = 64;

fn run(plan: &Plan, outcome: &mut Outcome) {
    let name = Name::new("kill");
    // Persistent, because it happens that all who are attached are dead.
    let options = Target::in_directory().persistent(true);
    drop(options.create(&name, &Target::zeroed()).expect("the name is new"));
    let mut herd = Herd::new(&name, plan);
    let result = storm(plan, &mut herd, outcome).and_then(|()| herd.end());
    outcome.count("publications acknowledged", herd.shared.acknowledged().iter().sum());
    outcome.count("values checked", herd.shared.checked());
    outcome.count("ms waited at most", herd.shared.longest_wait().as_millis() as u64);
    outcome.count("ms off the processor at most", herd.shared.gap().as_millis() as u64);
    let result = result.and_then(|()| settle(&name, &herd));
    if let Err(what) = result {
        let operation = format!("kill {}", herd.kills());
        let words = dump::words(&name.path(), &Target::MANIFEST);
        outcome.fail(Failure::new(operation, what).with_words(words));
    }
}

/// One death after the other.
fn storm(plan: &Plan, herd: &mut Herd<'_>, outcome: &mut Outcome) -> Result<(), String> {
    for kill in plan.rounds("kills", SHORT) {
        herd.kill_one()?;
        outcome.count("kills", 1);
        herd.check_witnesses()?;
        if kill % LOOK == 0 {
            herd.check_counts()?;
        }
    }
    Ok(())
}

/// Afterwards: the next writer gets in everywhere, and every count is right.
fn settle(name: &Name, herd: &Herd<'_>) -> Result<(), String> {
    let acknowledged = herd.shared.acknowledged();
    let target: Shm<Target> =
        Target::in_directory().open(name).map_err(|error| error.to_string())?;
    let published = versions(&target).map(|version| version - 1);
    for (field, count) in FIELDS.iter().zip(acknowledged.iter().zip(published)) {
        let (acknowledged, published) = count;
        if !(*acknowledged..=acknowledged + herd.kills()).contains(&published) {
            return Err(format!(
                "`{field}`: {acknowledged} publications were acknowledged, with {} kills, and \
                 there are {published}",
                herd.kills()
            ));
        }
    }
    write_everywhere(&target)
}
