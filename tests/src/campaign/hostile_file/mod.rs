//! Files that look like regions in some places and not in others, given to every call that meets
//! one: it is refused or used, whichever, and the process goes on.
//!
//! The short form draws them by lot. Where a time is given, a fuzzer that is guided by what files
//! lead to runs beside, under AddressSanitizer.

mod fuzzer;

use std::io::{BufRead, stdin};
use std::time::Duration;

use self::fuzzer::Fuzzer;
use super::{Campaign, Effort, Failure, Outcome, Plan, outcome};
use crate::child::Child;
use crate::dice::Dice;
use crate::hostile::files::{Forger, good};
use crate::hostile::targets;
use crate::notebook::Notebook;
use crate::region::Name;

pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "hostile-file",
    about: "gives broken and hostile files to every call that opens one",
    run,
    work,
};

const WORKERS: u64 = 2;

/// The short form: two minutes, in two halves at a time.
const SHORT: Duration = Duration::from_secs(60);

/// Files before a worker reports.
const BATCH: u64 = 250;

/// What a file may cost of the processor's time.
const LIMIT: Duration = Duration::from_millis(50);

/// How often a file that costs more is met: what a hypervisor takes away counts as the thread's own
/// time, once in a while; what the file costs, it costs each time.
const MEETINGS: u32 = 5;

fn run(plan: &Plan, outcome: &mut Outcome) {
    let fuzzer = match plan.effort {
        Effort::Time(time) => match Fuzzer::start(time, plan.seed) {
            Ok(fuzzer) => Some(fuzzer),
            Err(reason) => {
                outcome.skip(reason);
                None
            }
        },
        Effort::Short | Effort::Count(_) => None,
    };
    let mut rounds = plan.rounds_for("files", SHORT);
    let mut workers: Vec<Worker> = (0..WORKERS).map(|_| Worker::start(plan)).collect();
    let mut next = 0;
    while rounds.reach(next) && !outcome.failed() {
        for worker in &mut workers {
            worker.child.tell(&next.to_string());
            next += BATCH;
        }
        for worker in &mut workers {
            worker.report(plan, outcome);
        }
    }
    if let Some(fuzzer) = fuzzer {
        fuzzer.end(outcome);
    }
}

/// A process that meets files: it may not survive one.
struct Worker {
    child: Child,
    /// The number of the file that it meets.
    note: Notebook,
    name: Name,
}

impl Worker {
    fn start(plan: &Plan) -> Self {
        let name = Name::new("hostile-file");
        let note = Notebook::create(&name);
        let mut command = plan.worker(&[&name, note.path(), &plan.seed.to_string()]);
        Self { child: Child::start_command(&mut command), note, name }
    }

    /// What came of a batch: `done ACCEPTED`, or what a file has done.
    fn report(&mut self, plan: &Plan, outcome: &mut Outcome) {
        let mut said = None;
        let waited = outcome::caught(|| said = self.child.next_line());
        let what = match (waited, said) {
            (Ok(()), Some(line)) => match line.strip_prefix("done ") {
                Some(accepted) => {
                    outcome.count("files", BATCH);
                    return outcome.count("of them regions", accepted.parse().unwrap());
                }
                None => line,
            },
            (Ok(()), None) => "it has ended the process".to_owned(),
            (Err(what), _) => what,
        };
        let number = self.note.read(0);
        let operation = format!("file {number}, {}", describe(plan.seed, number));
        outcome.fail(Failure::new(operation, what));
        // What it was doing when it ended is still there.
        let _ = std::fs::remove_file(self.name.path());
    }
}

/// The lots of one file, whichever came before.
fn dice(seed: u64, number: u64) -> Dice {
    Dice::new(Dice::new(seed ^ number).roll())
}

fn describe(seed: u64, number: u64) -> String {
    let mut dice = dice(seed, number);
    let (what, bytes) = Forger::new(good()).forge(&mut dice);
    let target = dice.pick(targets::ALL).name;
    format!("wrong in {what}, {} bytes, given to {target}", bytes.len())
}

/// `region notebook seed`; then the number of the first file of a batch, a line each.
fn work(arguments: &[&str]) {
    let [name, note, seed] = arguments else { panic!("{arguments:?}") };
    let (name, note) = (Name::told(name), Notebook::open(note));
    let seed: u64 = seed.parse().unwrap();
    let forger = Forger::new(good());
    for line in stdin().lock().lines() {
        let first: u64 = line.unwrap().parse().unwrap();
        let mut accepted = 0;
        let met = outcome::caught(|| {
            for number in first..first + BATCH {
                note.note(0, number);
                let mut dice = dice(seed, number);
                let (_, bytes) = forger.forge(&mut dice);
                let target = dice.pick(targets::ALL);
                let (is_region, mut took) = target.meets(&name, &bytes);
                for _ in 1..MEETINGS {
                    if took >= LIMIT {
                        took = took.min(target.meets(&name, &bytes).1);
                    }
                }
                assert!(took < LIMIT, "it took {took:?} of the processor's time");
                accepted += u64::from(is_region);
            }
        });
        match met {
            Ok(()) => println!("done {accepted}"),
            Err(what) => println!("{what:?}"),
        }
    }
}
