//! Files that look like regions in some places and not in others, given to every call that meets
//! one. The call uses the file or refuses it, and the process goes on.
//!
//! The files are drawn by lot. In the short form one of two processes that meet them runs under
//! AddressSanitizer. That it would report is shown first, by a read beyond the end. For a given
//! time, a fuzzer that is guided by what files lead to runs beside, under AddressSanitizer as well.

mod fuzzer;
mod overrun;

use std::io::{BufRead, stdin};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use self::fuzzer::Fuzzer;
use crate::campaign::Campaign;
use crate::outcome;
use crate::outcome::{Failure, Outcome};
use crate::plan::{Effort, Plan};
use shma_tests::child::Child;
use shma_tests::hostile::files::{Forger, good};
use shma_tests::hostile::targets;
use shma_tests::notes::Notes;
use shma_tests::region::Name;
use shma_tests::rng::Rng;
use shma_tests::switched;

pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "hostile-file",
    about: "gives broken and hostile files to every call that opens one",
    run,
    work,
};

/// The short form, of two processes.
const SHORT: Duration = Duration::from_secs(8);

/// Files before a worker reports.
const BATCH: u64 = 250;

/// What a file may cost of the processor's time.
const LIMIT: Duration = Duration::from_millis(50);

/// The same if each access is watched, which costs ten times as much: this one is for what hangs.
const WATCHED_LIMIT: Duration = Duration::from_secs(2);

/// How often a file that costs more is met. What a hypervisor takes away counts as the thread's own
/// time, once in a while. What the file costs, it costs each time.
const MEETINGS: u32 = 5;

fn run(plan: &Plan, outcome: &mut Outcome) {
    let fuzzer = fuzzer(plan, outcome);
    let watched = watched(plan, outcome);
    let mut rounds = plan.rounds_for("files", SHORT);
    let second = watched.map_or_else(
        || Worker::start(plan, plan.worker(&[]), LIMIT),
        |program| Worker::start(plan, plan.worker_of(&program, &[]), WATCHED_LIMIT),
    );
    let mut workers = [Worker::start(plan, plan.worker(&[]), LIMIT), second];
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

/// The fuzzer, at work, if a time is given.
fn fuzzer(plan: &Plan, outcome: &mut Outcome) -> Option<Fuzzer> {
    let Effort::Time(time) = plan.effort else { return None };
    Fuzzer::start(time, plan.seed).map_err(|reason| outcome.skip(reason)).ok()
}

/// The program that watches each access to memory, in the short form.
fn watched(plan: &Plan, outcome: &mut Outcome) -> Option<PathBuf> {
    if plan.effort != Effort::Short {
        return None;
    }
    let Some(program) = switched::addresses() else {
        outcome.skip("there is no AddressSanitizer for this platform");
        return None;
    };
    match reports(plan, &program) {
        Ok(()) => outcome.count("overruns reported that were there", 1),
        Err(failure) => outcome.fail(failure),
    }
    Some(program)
}

/// A process that meets files: it may not survive one.
struct Worker {
    child: Child,
    /// The number of the file that it meets.
    note: Notes,
    name: Name,
}

impl Worker {
    fn start(plan: &Plan, mut command: Command, limit: Duration) -> Self {
        let name = Name::new("hostile-file");
        let note = Notes::create(&name);
        let (seed, limit) = (plan.seed.to_string(), limit.as_millis().to_string());
        command.args([&name, note.path(), &seed, &limit]).env("ASAN_OPTIONS", "detect_leaks=0");
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
            (Ok(()), None) => format!("it has ended the process\n{}", self.child.complaints()),
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
fn rng(seed: u64, number: u64) -> Rng {
    Rng::new(Rng::new(seed ^ number).next_u64())
}

fn describe(seed: u64, number: u64) -> String {
    let mut rng = rng(seed, number);
    let (what, bytes) = Forger::new(good()).forge(&mut rng);
    let target = rng.pick(targets::ALL).name;
    format!("wrong in {what}, {} bytes, given to {target}", bytes.len())
}

/// Whether a program that is built to report a read beyond the end does so.
fn reports(plan: &Plan, program: &Path) -> Result<(), Failure> {
    let output = plan.worker_of(program, &["overrun"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && said.contains("AddressSanitizer: heap-buffer-overflow") {
        return Ok(());
    }
    Err(Failure::new("an overrun that is there", format!("{}\n{said}", output.status)))
}

/// `overrun`; or `region notes seed limit`, then the number of the first file of a batch, a line
/// each.
fn work(arguments: &[&str]) {
    match arguments {
        ["overrun"] => overrun::overrun(),
        [name, note, seed, limit] => {
            let limit = Duration::from_millis(limit.parse().unwrap());
            meet_all(&Name::told(name), &Notes::open(note), seed.parse().unwrap(), limit);
        }
        _ => panic!("{arguments:?}"),
    }
}

/// Meets the files of all batches that it is told.
fn meet_all(name: &Name, note: &Notes, seed: u64, limit: Duration) {
    let forger = Forger::new(good());
    for line in stdin().lock().lines() {
        let first: u64 = line.unwrap().parse().unwrap();
        let mut accepted = 0;
        let met = outcome::caught(|| {
            for number in first..first + BATCH {
                note.note(0, number);
                let mut rng = rng(seed, number);
                let (_, bytes) = forger.forge(&mut rng);
                let target = rng.pick(targets::ALL);
                let (is_region, mut took) = target.meets(name, &bytes);
                for _ in 1..MEETINGS {
                    if took >= limit {
                        took = took.min(target.meets(name, &bytes).1);
                    }
                }
                assert!(took < limit, "it took {took:?} of the processor's time");
                accepted += u64::from(is_region);
            }
        });
        match met {
            Ok(()) => println!("done {accepted}"),
            Err(what) => println!("{what:?}"),
        }
    }
}
