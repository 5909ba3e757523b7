//! Money that comes or goes while many processes move it and are killed.

use std::process::Command;
use std::time::Duration;

use shma_core::ShmState;
use shma_tests::bank::{self, Bank, WORKERS};
use shma_tests::child::Child;
use shma_tests::kill_storm::{self, KillStorm};
use shma_tests::notes::Notes;
use shma_tests::region::{Name, control};
use shma_tests::rng::Rng;
use shma_tests::sizes;
use shma_tests::watchdog::{until, watched};

/// The access of each auditor; their lines in the notes come behind those of the workers.
const AUDITORS: [&str; 4] = ["writer", "reader", "writer", "reader"];

fn child() -> Command {
    Command::new(env!("CARGO_BIN_EXE_child"))
}

/// Eight processes move money between fields and within them, four look whether all of it is there.
struct Story {
    name: Name,
    notes: Notes,
    bank: shma_core::Shm<Bank>,
}

impl Story {
    fn new(hint: &str) -> Self {
        let name = Name::new(hint);
        let notes = Notes::create(&name);
        let bank = Bank::create(&name, &Bank::opening()).unwrap();
        Self { name, notes, bank }
    }

    fn workers(&self) -> KillStorm<impl Fn(usize) -> Command> {
        let (name, notes) = (self.name.to_string(), self.notes.path().to_owned());
        KillStorm::new(WORKERS, move |worker| {
            let mut command = child();
            command.args(["transfer", &name, &notes, &worker.to_string()]);
            command
        })
    }

    fn auditors(&self) -> Vec<Child> {
        let start = |(number, access): (usize, &&str)| {
            let line = (WORKERS + number).to_string();
            let arguments = ["audit", &self.name, self.notes.path(), &line, access];
            let mut auditor = Child::start_command(child().args(arguments));
            auditor.expect("going");
            auditor
        };
        AUDITORS.iter().enumerate().map(start).collect()
    }

    /// Every process gets on: none waits for a dead one, and none starves.
    fn everybody_goes_on(&self) {
        let all = WORKERS + AUDITORS.len();
        let before: Vec<u64> = (0..all).map(|line| self.notes.read(line)).collect();
        for (line, before) in before.into_iter().enumerate() {
            until(&format!("number {line} goes on"), || self.notes.read(line) > before);
        }
    }

    /// The most interesting process to kill: the holder of the first semaphore, if there is one.
    /// The holder's process id stands behind the lock word.
    fn holder(&self) -> impl Fn() -> u32 {
        let (bytes, first) = (self.name.bytes(), Bank::MANIFEST.fields[0].offset);
        move || bytes.u32(first + control::LOCK + 4)
    }

    fn end(self, auditors: Vec<Child>) {
        for mut auditor in auditors {
            let audits = auditor.ask("stop");
            assert!(audits.ends_with(" audits") && audits != "0 audits", "{audits}");
        }
        bank::audit(&self.bank, &self.notes, &mut Bank::zeroed());
    }
}

/// Processes that do all they can do at once, and none dies.
#[test]
fn the_sum_stays_beside_transfers() {
    watched(|| {
        let story = Story::new("sums");
        let workers = story.workers();
        let auditors = story.auditors();
        for _ in 0..20 {
            story.everybody_goes_on();
        }
        drop(workers);
        story.end(auditors);
    });
}

/// Workers are killed with SIGKILL wherever they are, most of them in a commit, and replaced. Every
/// transfer is in or out, all that were acknowledged are in, and the living go on.
#[test]
fn the_sum_survives_kills() {
    watched(|| {
        let mut rng = Rng::new(Rng::seed());
        let story = Story::new("kills");
        let mut workers = story.workers();
        let auditors = story.auditors();
        let end = std::time::Instant::now()
            + kill_storm::length(Duration::from_secs(sizes::either(2, 6)));
        let mut deaths = 0;
        while std::time::Instant::now() < end {
            deaths += workers.run(Duration::from_secs(1), &mut rng, story.holder());
            story.everybody_goes_on();
        }
        drop(workers);
        let recovered = |field: usize| {
            let partition = Bank::MANIFEST.fields[field].offset;
            story.name.bytes().u64(partition + control::DEAD_OWNERS)
        };
        let [first, later] = [recovered(0), (1..6).map(recovered).sum()];
        println!("{deaths} deaths, {first} and {later} semaphores taken from the dead");
        assert!(first + later > 0, "no process died with a semaphore: it was no storm");
        story.end(auditors);
    });
}
