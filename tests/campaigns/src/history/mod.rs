//! Eight processes note what they see and publish, and when; what they noted has to be possible one
//! call after the other.

mod log;
mod registers;
mod worker;

use std::fs::File;

use shma_core::{Shm, ShmState};

use self::log::Log;
use self::registers::Registers;
use crate::campaign::Campaign;
use crate::dump;
use crate::linear::{Fault, History, check, plant};
use crate::outcome::{Failure, Outcome};
use crate::plan::Plan;
use shma_tests::child::Child;
use shma_tests::region::{InDirectory, Name};
use shma_tests::rng::Rng;

pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "history",
    about: "checks what eight processes saw and published for one order of all calls",
    run,
    work: worker::work,
};

const PROCESSES: u16 = 8;

/// Calls on one region, and in one history.
const CALLS: u64 = 250_000;

fn run(plan: &Plan, outcome: &mut Outcome) {
    let mut rounds = plan.rounds("operations", 4 * CALLS);
    let mut rng = plan.rng();
    let mut done = 0;
    while rounds.reach(done) {
        let name = Name::new("history");
        let registers = Registers::in_directory().create(&name, &Registers::first()).unwrap();
        let history = record(plan, &name, &registers, rng.next_u64());
        done += history.events().len() as u64;
        outcome.count("operations", history.events().len() as u64);
        match check(&history) {
            Ok(found) => outcome.count("orders between them", found.orders as u64),
            Err(flaw) => {
                let words = dump::words(&name.path(), &Registers::MANIFEST);
                let operation = format!("the history that ends with operation {done}");
                return outcome.fail(Failure::new(operation, flaw.to_string()).with_words(words));
            }
        }
        spoil(&history, &mut rng, outcome);
    }
}

/// Lets the processes go, and collects what they note. The last calls are this process's own, when
/// the others have ended: so nothing that was acknowledged may be missing.
fn record(plan: &Plan, name: &Name, registers: &Shm<Registers>, seed: u64) -> History {
    let mut workers: Vec<(Child, File)> = (0..PROCESSES)
        .map(|number| {
            let (file, path) = log::paper();
            let calls = CALLS / u64::from(PROCESSES);
            let arguments = [
                name.to_string(),
                path,
                number.to_string(),
                seed.wrapping_add(u64::from(number)).to_string(),
                calls.to_string(),
            ];
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            (Child::start_command(&mut plan.worker(&arguments)), file)
        })
        .collect();
    workers.iter_mut().for_each(|(worker, _)| worker.expect("ready"));
    workers.iter_mut().for_each(|(worker, _)| worker.tell("go"));
    let mut history = History::new(registers::first_checksums());
    for (number, (mut worker, file)) in (0..).zip(workers) {
        worker.expect("done");
        log::read(&file, number, &mut history);
        assert!(worker.close().success(), "process {number} failed");
    }
    let mut log = Log::default();
    worker::look_at_all(registers, &mut log);
    log.copy(PROCESSES, &mut history);
    history
}

/// Plants one fault of each kind in what was recorded, which the checker has to find: otherwise
/// that it found none before says nothing.
fn spoil(history: &History, rng: &mut Rng, outcome: &mut Outcome) {
    for fault in Fault::ALL {
        let mut bad = history.clone();
        if !plant(fault, &mut bad, rng) {
            outcome.fail(Failure::new(format!("planting {fault:?}"), "there is no place for it"));
        } else if let Ok(found) = check(&bad) {
            let what = format!("it was not found: {found:?}");
            outcome.fail(Failure::new(format!("planting {fault:?}"), what));
        } else {
            outcome.count("planted faults found", 1);
        }
    }
}
