//! A call is killed at every instruction: first behind those that change something for others, of all
//! calls, and then at all the others for as long as there is time.
//!
//! The victim is a fork that makes one call and is led to a point of it by ptrace; see `path`.
//! Whatever it has done by then, everybody finds the old value or the new one, the next writer gets
//! in, and what comes after is right; see `site` for what is looked at.

mod companion;
mod life_cycle;
mod path;
pub(super) mod publish;
mod site;
pub(super) mod wait;
mod witness;

use std::path::PathBuf;

pub(super) use crate::campaign::step_kill::path::{Guide, Path, Reached};
use crate::campaign::step_kill::site::Plot;
pub(super) use crate::campaign::step_kill::site::Site;
use crate::campaign::{Campaign, Effort, Failure, Outcome, Plan};
use crate::dump;
use crate::traced::{self, Traced};
use shma_core::ShmState;

/// The campaign.
pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "step-kill",
    about: "kills calls at every instruction",
    run,
    work: |arguments| panic!("no process of its own starts with {arguments:?}"),
};

/// Points in the short form.
const SHORT: u64 = 8_000;

/// A call in certain circumstances.
pub(super) trait Case {
    /// What it is.
    fn name(&self) -> String;

    /// Arranges the circumstances, and gives a victim that is about to make the call. It calls
    /// `mark` at the end of it.
    fn victim(&mut self, site: &mut Site) -> Result<Traced, String>;

    /// How often it does so in the middle of the call.
    fn marks(&self) -> u32 {
        0
    }

    /// It does so now.
    fn attend(&mut self, _site: &mut Site) -> Result<(), String> {
        Ok(())
    }

    /// Whether the call takes so many instructions that its way has to be cut.
    fn is_long(&self) -> bool {
        false
    }

    /// The files in which others could see what the victim does, as it stands now.
    fn visible(&self, _victim: &Traced, site: &Site) -> Vec<PathBuf> {
        vec![site.name.path()]
    }

    /// Looks at the victim when it is about to be killed.
    fn inspect(&mut self, _victim: &Traced) {}

    /// A system call of the victim, by its number, has failed because it was made to.
    fn refused(&mut self, _call: Option<i64>) {}

    /// The state words of the region that it is about.
    fn words(&self, site: &Site) -> String {
        dump::words(&site.name.path(), &Plot::MANIFEST)
    }

    /// Looks at everything when the victim is dead, or has returned from the call before.
    fn aftermath(&mut self, site: &mut Site, returned: bool) -> Result<(), String>;
}

/// Victims for a point before it is given up: beside others a call does not always go the same way.
const TRIES: u32 = 2;

/// A case, the way of its call, and how many points of it have had their victim.
struct Line {
    case: Box<dyn Case>,
    way: Path,
    turn: u64,
}

impl Line {
    /// Whether there are changes still that had none.
    fn has_changes_left(&self) -> bool {
        self.way.points().is_some_and(|(_, changes)| self.turn < changes)
    }

    /// Whether all instructions had one, the changes before them.
    fn is_through(&self) -> bool {
        self.way.points().is_some_and(|(all, changes)| self.turn >= all + changes)
    }
}

fn run(plan: &Plan, outcome: &mut Outcome) {
    if let Err(error) = traced::is_permitted() {
        return outcome.skip(format!("a child cannot be traced here: {error}"));
    }
    let mut site = Site::new();
    let mut dice = plan.dice();
    let mut cases = publish::all(&mut dice);
    cases.extend(wait::all());
    cases.extend(life_cycle::all());
    let mut lines = Vec::new();
    for mut case in cases {
        match explore(plan, &mut *case, &mut site) {
            Ok(way) => {
                let (points, changes) = way.points().unwrap_or_default();
                outcome.count("instructions on the ways", points);
                outcome.count("changes for others on them", changes);
                lines.push(Line { case, way, turn: 0 });
            }
            Err(what) => return outcome.fail(failure(&*case, &site, "not killed", what)),
        }
    }
    outcome.count("calls", lines.len() as u64);
    let mut latest = 0;
    for round in plan.rounds("points", SHORT) {
        latest = next(&lines, latest);
        let line = &mut lines[latest];
        let changes = line.has_changes_left();
        let point = line.way.point(line.turn, &mut dice);
        line.turn += 1;
        let mut reached = Ok(Reached::Return);
        for _ in 0..TRIES {
            reached = kill_at(line, &point, &mut site);
            if reached != Ok(Reached::Return) {
                break;
            }
        }
        match reached {
            Ok(Reached::Point) if changes => outcome.count("kills at changes", 1),
            Ok(Reached::Point) => outcome.count("kills at instructions", 1),
            Ok(Reached::Return) => outcome.count("points not reached", 1),
            Err(what) => {
                let killed = format!("kill {round} at {point:?}");
                return outcome.fail(failure(&*line.case, &site, &killed, what));
            }
        }
    }
    let through = lines.iter().filter(|line| line.is_through()).count();
    outcome.count("calls killed at every instruction", through as u64);
}

/// The line whose turn it is: all in turn, but first those that have changes left.
fn next(lines: &[Line], latest: usize) -> usize {
    let in_turn = |step| (latest + step) % lines.len();
    let mut order = (1..=lines.len()).map(in_turn);
    order.find(|line| lines[*line].has_changes_left()).unwrap_or_else(|| in_turn(1))
}

/// Finds the way of a call. In the short form there is no time to walk the long ones.
fn explore(plan: &Plan, case: &mut dyn Case, site: &mut Site) -> Result<Path, String> {
    if case.is_long() && plan.effort == Effort::Short {
        Path::outline(case, site)
    } else {
        Path::step(case, site)
    }
}

fn kill_at(line: &mut Line, point: &path::Point, site: &mut Site) -> Result<Reached, String> {
    let case = &mut *line.case;
    let mut victim = case.victim(site)?;
    let reached = path::lead(&mut victim, point, case, site)?;
    case.inspect(&victim);
    victim.kill();
    case.aftermath(site, reached == Reached::Return)?;
    Ok(reached)
}

fn failure(case: &dyn Case, site: &Site, killed: &str, what: String) -> Failure {
    Failure::new(format!("{}, {killed}", case.name()), what).with_words(case.words(site))
}
