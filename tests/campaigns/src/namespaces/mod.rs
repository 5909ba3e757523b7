//! One process holds a semaphore and lives on, or dies, in ways that make it hard to tell which. A
//! second one, maybe of another PID namespace, wants to acquire it. Two never hold it at once, and
//! a process that waits for a dead holder acquires it.

mod guardian;
mod holder;
mod place;
mod rival;

use shma_core::ShmState;

use self::place::Place;
use crate::campaign::Campaign;
use crate::dump;
use crate::outcome;
use crate::outcome::{Failure, Outcome};
use crate::plan::Plan;
use shma_tests::child::Child;
use shma_tests::region::{InDirectory, Name};
use shma_tests::states::Board;

pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "namespaces",
    about: "lets processes live and die unseen, in PID namespaces of their own",
    run,
    work,
};

/// What the holder does before, in its closure or to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Story {
    /// It is killed.
    Killed,
    /// It is stopped for a while, then killed.
    Stopped,
    /// It is killed, and not reaped.
    Zombie,
    /// It is killed, and another process gets its process id.
    PidReused,
    /// A fork child has all of its descriptors, and outlives it.
    ForkChildStays,
    /// A program that it started in its closure outlives it.
    ProgramStays,
    /// It closes all descriptors in its closure, as daemons do, and is killed later.
    ClosesDescriptors,
    /// It becomes another program in its closure.
    Executes,
    /// It forks in its closure, and both return from it.
    ForksInside,
}

use Place::{First, Here, Second};
use Story::{
    ClosesDescriptors, Executes, ForkChildStays, ForksInside, Killed, PidReused, ProgramStays,
    Stopped, Zombie,
};

/// Story, place of the holder, place of the rival; `Second` for a rival is a namespace in a
/// namespace.
const CASES: [(Story, Place, Place); 24] = [
    (Killed, Here, Here),
    (Killed, First, First),
    (Killed, Second, First),
    (Stopped, Here, First),
    (Stopped, First, First),
    (Stopped, Second, Here),
    (Zombie, Here, Here),
    (Zombie, First, First),
    (Zombie, Second, First),
    (PidReused, Second, Here),
    (PidReused, Second, First),
    (PidReused, Second, Second),
    (ForkChildStays, Here, Here),
    (ForkChildStays, Second, First),
    (ProgramStays, Here, First),
    (ProgramStays, Second, First),
    (ClosesDescriptors, Here, Here),
    (ClosesDescriptors, First, First),
    (Executes, Here, Here),
    (Executes, First, First),
    (Executes, Second, First),
    (ForksInside, Here, First),
    (ForksInside, First, First),
    (ForksInside, Second, Here),
];

/// What the semaphore guards before any process holds it.
const BEFORE: u64 = 7;

fn run(plan: &Plan, outcome: &mut Outcome) {
    for round in plan.rounds("cases", CASES.len() as u64) {
        let case = CASES[round as usize % CASES.len()];
        let name = Name::new("namespaces");
        let board = Board::in_directory().create(&name, &Board::with(BEFORE)).unwrap();
        let mut end = Ok(End::Played);
        let panicked = outcome::caught(|| end = play(plan, case, &name));
        match panicked.and(end) {
            Ok(End::Played) => outcome.count("cases", 1),
            Ok(End::NotHere(reason)) => outcome.skip(format!("{case:?}: {reason}")),
            Err(what) => {
                let words = dump::words(&name.path(), &Board::MANIFEST);
                outcome.fail(Failure::new(format!("{case:?}"), what).with_words(words));
            }
        }
        drop(board);
    }
}

/// How a case ended that was no failure.
enum End {
    Played,
    NotHere(String),
}

fn play(plan: &Plan, case: (Story, Place, Place), name: &Name) -> Result<End, String> {
    let (story, holds, wants) = case;
    let start = |arguments: &[&str]| Child::start_command(&mut plan.worker(arguments));
    let mut holder = start(&["guardian", holds.name(), &format!("{story:?}"), name]);
    let line = holder.line();
    if line.starts_with("not permitted") {
        return Ok(End::NotHere(line));
    }
    if story == ForksInside {
        expect(&line, "child: Forked")?;
        expect(&holder.line(), "holding")?;
    } else {
        expect(&line, "holding")?;
    }
    let mut rival = start(&["rival", wants.name(), name]);
    let line = rival.line();
    if line.starts_with("not permitted") {
        return Ok(End::NotHere(line));
    }
    expect(&line, "ready")?;
    stays_out(&mut rival)?;
    let mut after = BEFORE + 1;
    match story {
        Killed | ForkChildStays | ProgramStays | ClosesDescriptors => {
            expect(&holder.ask("kill"), "dead")?;
        }
        Stopped => {
            expect(&holder.ask("stop"), "stopped")?;
            stays_out(&mut rival)?;
            expect(&holder.ask("kill"), "dead")?;
        }
        Zombie => expect(&holder.ask("zombie"), "zombie")?,
        PidReused => match holder.ask("reuse").as_str() {
            "reused" => {}
            other => return Ok(End::NotHere(other.to_owned())),
        },
        Executes => expect(&holder.ask("go"), "executed")?,
        ForksInside => {
            expect(&holder.ask("go"), "published")?;
            after += holder::ADDS;
        }
    }
    expect(&rival.ask("enter"), &format!("in, {after}"))?;
    Ok(End::Played)
}

/// The rival is refused, however it asks.
fn stays_out(rival: &mut Child) -> Result<(), String> {
    for _ in 0..3 {
        expect(&rival.ask("try"), "WouldBlock")?;
    }
    expect(&rival.ask("wait"), "Timeout")
}

fn expect(said: &str, expected: &str) -> Result<(), String> {
    if said == expected { Ok(()) } else { Err(format!("`{said}` came instead of `{expected}`")) }
}

/// `guardian place story region`, `holder story region`, `rival place region`, `sleeper`.
fn work(arguments: &[&str]) {
    match *arguments {
        ["guardian", place, story, region] => guardian::guard(place, story, region),
        ["holder", story, region] => holder::hold(story, region),
        ["rival", place, region] => rival::contend(place, region),
        ["sleeper"] => holder::sleep("executed"),
        _ => panic!("{arguments:?}"),
    }
}

/// This program again, in a role of this campaign.
fn myself(arguments: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new("/proc/self/exe");
    command.args(["worker", CAMPAIGN.name]).args(arguments);
    command
}

fn say(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// The next line of the input; `None` at its end.
fn next_line() -> Option<String> {
    std::io::stdin().lines().next().map(Result::unwrap)
}
