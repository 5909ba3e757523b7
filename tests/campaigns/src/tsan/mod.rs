//! Threads that share two mappings of a region, in a build that watches every access to memory. No
//! access to shared memory is plain, and what the protocols order is ordered for plain memory too.
//!
//! That a report would come is shown first, by two threads that race.

mod race;
mod storm;
mod table;

use std::path::Path;
use std::process::Output;

use crate::campaign::Campaign;
use crate::outcome::{Failure, Outcome};
use crate::plan::Plan;
use shma_tests::region::Name;
use shma_tests::switched;

pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "tsan",
    about: "runs threads on two mappings of a region under ThreadSanitizer",
    run,
    work,
};

/// Calls of all threads in one run of the program.
const CALLS: u64 = 500_000;

/// What a program with a report ends with.
const REPORTED: i32 = 66;

fn run(plan: &Plan, outcome: &mut Outcome) {
    let Some(program) = switched::threads() else {
        return outcome.skip("there is no ThreadSanitizer for this platform");
    };
    let race = watch(&program, plan, &["race"]);
    if String::from_utf8_lossy(&race.stderr).contains("unexpected memory mapping") {
        return outcome.skip("ThreadSanitizer needs its addresses, and this machine scatters them");
    }
    if !is_report(&race) {
        return outcome.fail(failure("a race that is there", &race));
    }
    outcome.count("races reported that were there", 1);
    let mut rng = plan.rng();
    let mut rounds = plan.rounds("operations", CALLS);
    let mut done = 0;
    while rounds.reach(done) {
        let name = Name::new("tsan");
        let seed = rng.next_u64().to_string();
        let storm = watch(&program, plan, &["storm", &name, &seed, &CALLS.to_string()]);
        if !storm.status.success() {
            let operation = format!("{CALLS} operations from seed {seed}");
            return outcome.fail(failure(&operation, &storm));
        }
        done += CALLS;
        outcome.count("operations", CALLS);
    }
}

/// Runs a worker of the watched program to its end.
fn watch(program: &Path, plan: &Plan, arguments: &[&str]) -> Output {
    let mut command = plan.worker_of(program, arguments);
    // Nothing is suppressed, whatever the surroundings say.
    command.env("TSAN_OPTIONS", format!("exitcode={REPORTED} halt_on_error=1"));
    command.output().unwrap()
}

fn is_report(output: &Output) -> bool {
    let said = String::from_utf8_lossy(&output.stderr);
    output.status.code() == Some(REPORTED) && said.contains("ThreadSanitizer: data race")
}

/// The first report, or whatever else it said.
fn failure(operation: &str, output: &Output) -> Failure {
    let said = String::from_utf8_lossy(&output.stderr);
    let mut reports = said.split("==================\n").filter(|part| part.contains("WARNING"));
    let first = reports.next().unwrap_or(&said);
    // The outer frames of a stack are the program's start.
    let outer = |line: &&str| line.trim_start().starts_with("#1") && !line.contains("#1 ");
    let told: Vec<&str> = first.lines().filter(|line| !outer(line)).take(50).collect();
    Failure::new(operation, format!("{}\n{}", output.status, told.join("\n")))
}

/// `race`, or `storm region seed calls`.
fn work(arguments: &[&str]) {
    match *arguments {
        ["race"] => race::race(),
        ["storm", name, seed, calls] => {
            storm::storm(name, seed.parse().unwrap(), calls.parse().unwrap());
        }
        _ => panic!("{arguments:?}"),
    }
}
