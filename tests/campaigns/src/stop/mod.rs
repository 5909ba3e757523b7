//! Processes that are stopped, as by Ctrl-Z, and go on later.
//!
//! A writer is stopped at a stop point of the library, and every process reads on. A second writer
//! acquires the semaphore if the stopped one does not hold it. Otherwise it waits until its time is
//! over, and acquires nothing. A process is stopped while it attaches, detaches or removes: others
//! that do so wait as long as the deadline, and no longer. A reader is stopped anywhere in its
//! reading, for a thousand publications: no process waits for it, and it accepts no mixture.
//!
//! Stop points need a library with switches. If this program does not have it, its processes are
//! those of another program, which is built for it.

mod scene;
mod worker;

use std::path::PathBuf;

use crate::campaign::Campaign;
use crate::dump;
use crate::outcome::{Failure, Outcome};
use crate::plan::Plan;
use crate::stop::scene::Scene;
use shma_core::ShmState;
use shma_tests::states::Board;
use shma_tests::switched;

/// The campaign.
pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "stop",
    about: "stops writers at each stop point, and readers anywhere",
    run,
    work: worker::work,
};

/// What is stopped where.
#[derive(Debug, Clone, Copy)]
enum Case {
    /// A call that publishes, at a stop point.
    Writer(&'static str, &'static str),
    /// A call that reads, at a stop point.
    Reader(&'static str, &'static str),
    /// A call of the life cycle, at a stop point.
    Comer(&'static str, &'static str),
    /// One who reads by a call all the time, anywhere.
    Gazer(&'static str),
}

use Case::{Comer, Gazer, Reader, Writer};

const CASES: &[Case] = &[
    Writer("update", "acquire.acquired"),
    Writer("update", "publish.begun"),
    Writer("update", "publish.marked"),
    Writer("update", "publish.stored"),
    Writer("update", "publish.published"),
    Writer("update", "wake.released"),
    Writer("part", "acquire.acquired"),
    Writer("part", "publish.begun"),
    Writer("part", "publish.caught_up"),
    Writer("part", "publish.marked"),
    Writer("part", "publish.stored"),
    Writer("part", "publish.published"),
    Writer("part", "wake.released"),
    Writer("transaction", "acquire.acquired"),
    Writer("transaction", "transaction.acquired"),
    Writer("transaction", "commit.slot"),
    Writer("transaction", "commit.stored"),
    Writer("transaction", "commit.happened"),
    Writer("transaction", "commit.version"),
    Writer("transaction", "commit.done"),
    Writer("transaction", "wake.released"),
    Reader("read", "read.entered"),
    Reader("read-only", "read.entered"),
    Reader("snapshot", "snapshot.copied"),
    Comer("open", "attach.opened"),
    Comer("open", "attach.locked"),
    Comer("open", "attach.token"),
    Comer("unlink", "unlink.locked"),
    Comer("unlink", "unlink.unlinked"),
    Comer("create", "create.made"),
    Comer("create", "create.locked"),
    Comer("create", "create.reserved"),
    Comer("create", "create.filled"),
    Comer("create", "create.named"),
    Gazer("gaze"),
    Gazer("gaze-read-only"),
    Gazer("gaze-snapshot"),
];

/// Cases in the short form: each once, and the gazers some times more.
const SHORT: u64 = 50;

fn run(plan: &Plan, outcome: &mut Outcome) {
    let program =
        if cfg!(shma_stop) { PathBuf::from("/proc/self/exe") } else { switched::campaign() };
    let mut rng = plan.rng();
    for round in plan.rounds("cases", SHORT) {
        // What is left of the last turn goes to those whom no point gives away.
        let number = round as usize % SHORT as usize;
        let case = CASES.get(number).unwrap_or(&CASES[CASES.len() - 1 - number % 3]);
        let scene = Scene::new(&program);
        let result = match *case {
            Writer(call, point) => scene.stop_writer(call, point),
            Reader(call, point) => scene.stop_reader(call, point),
            Comer(call, point) => scene.stop_comer(call, point),
            Gazer(call) => scene.stop_gazer(call, &mut rng),
        };
        outcome.count("stops", if matches!(case, Gazer(_)) { scene::GAZES } else { 1 });
        if let Err(what) = result {
            let words = dump::words(&scene.name.path(), &Board::MANIFEST);
            let failure = Failure::new(format!("case {round}, {case:?}"), what);
            return outcome.fail(failure.with_words(words));
        }
    }
}
