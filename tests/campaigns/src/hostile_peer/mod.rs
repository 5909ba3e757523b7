//! A peer writes random words all over the region while others use it. Values may be garbage;
//! no process ends or panics by it, and calls with a bound return.

mod scribbler;
mod victims;

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use shma_core::ShmState;

use crate::campaign::Campaign;
use crate::dump;
use crate::outcome;
use crate::outcome::{Failure, Outcome};
use crate::plan::Plan;
use shma_tests::child::Child;
use shma_tests::hostile::shelf::Shelf;
use shma_tests::notes::Notes;
use shma_tests::region::{InDirectory, Name};

pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "hostile-peer",
    about: "scribbles over a region while others use it",
    run,
    work,
};

/// Those whose calls all have a bound.
const BOUNDED: [&str; 3] = ["writer", "observer", "opener"];

/// Calls before a victim reports.
const BATCH: u64 = 200;

/// Without a call that ended for so long, a victim whose calls may wait is taken to wait for ever.
/// That is no failure, so it does not matter if it was only slow.
const STUCK: Duration = Duration::from_millis(300);

fn run(plan: &Plan, outcome: &mut Outcome) {
    let name = Name::new("hostile-peer");
    // Keeps the region, whatever the others do.
    let _keeper = Shelf::in_directory().create(&name, &Shelf::zeroed()).unwrap();
    let mut rng = plan.rng();
    let mut start = |role: &str, more: &str| {
        let arguments = [role, &name, &rng.next_u64().to_string(), more];
        Child::start_command(&mut plan.worker(&arguments))
    };
    let mut bounded: Vec<_> = BOUNDED.map(|role| (role, start(role, ""))).into();
    bounded.iter_mut().for_each(|(_, victim)| victim.expect("ready"));
    let note = Notes::create(&name);
    let mut waiting =
        Waiting { victim: start("waiter", note.path()), note, seen: 0, at: Instant::now() };
    let mut scribbler = start("scribbler", "");
    scribbler.expect("ready");
    let mut rounds = plan.rounds_for("calls", Duration::from_secs(8));
    let mut calls = 0;
    while rounds.reach(calls) && !outcome.failed() {
        bounded.iter_mut().for_each(|(_, victim)| victim.tell("go"));
        for (role, victim) in &mut bounded {
            match report(victim) {
                Ok(()) => calls += BATCH,
                Err(what) => outcome.fail(failure(role, what, &name)),
            }
        }
        calls += waiting.progress();
        if waiting.is_stuck() {
            outcome.count("waited for ever", 1);
            let next = start("waiter", waiting.note.path());
            if let Err(what) = waiting.replace(next) {
                outcome.fail(failure("waiter", what, &name));
            }
        }
    }
    outcome.count("calls", calls);
    outcome.count("words scribbled", scribbler.ask("stop").parse().unwrap());
}

fn failure(role: &str, what: String, name: &Name) -> Failure {
    let words = dump::words(&name.path(), &Shelf::MANIFEST);
    Failure::new(format!("a batch of calls by the {role}"), what).with_words(words)
}

/// `done`, or what a panic said.
fn report(victim: &mut Child) -> Result<(), String> {
    let mut said = None;
    outcome::caught(|| said = victim.next_line())?;
    match said {
        Some(line) if line == "done" => Ok(()),
        Some(line) => Err(line),
        None => Err("it has ended".into()),
    }
}

/// A victim whose calls may wait, and how far it has come.
struct Waiting {
    victim: Child,
    note: Notes,
    seen: u64,
    at: Instant,
}

impl Waiting {
    /// The calls that have ended since the last look.
    fn progress(&mut self) -> u64 {
        let seen = self.note.read(0);
        let more = seen.wrapping_sub(std::mem::replace(&mut self.seen, seen));
        if more > 0 {
            self.at = Instant::now();
        }
        more
    }

    fn is_stuck(&self) -> bool {
        self.at.elapsed() > STUCK
    }

    /// Kills it, unless it has ended by itself. The next one counts on.
    fn replace(&mut self, next: Child) -> Result<(), String> {
        self.at = Instant::now();
        let mut stuck = std::mem::replace(&mut self.victim, next);
        let said = stuck.said();
        match (said, stuck.kill_and_see()) {
            (None, status) if status.signal() == Some(libc::SIGKILL) => Ok(()),
            (Some(said), _) => Err(said),
            (None, status) => Err(format!("it has ended: {status}")),
        }
    }
}

/// `role region seed`, and what the role needs.
fn work(arguments: &[&str]) {
    let [role, name, seed, more] = arguments else { panic!("{arguments:?}") };
    let seed: u64 = seed.parse().unwrap();
    match *role {
        "scribbler" => scribbler::scribble(name, seed),
        "writer" => victims::writer(name, seed),
        "observer" => victims::observer(name, seed),
        "opener" => victims::opener(name),
        "waiter" => victims::waiter(name, seed, more),
        other => panic!("no victim is called {other}"),
    }
}
