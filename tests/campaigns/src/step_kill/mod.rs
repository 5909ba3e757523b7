//! A call is killed at every instruction. The instructions that change something for other
//! processes come first, those of all calls. The others follow for as long as there is time.
//!
//! The victim is a fork that makes one call and is led to a point of it by ptrace; see `path`. All
//! victims of a call find the same: a new region in which the same was published before, and memory
//! from an arena. So they take the same path, except where they read the clock: that read begins
//! again when the kernel sets the clock. Later victims do not reach the points of such a second
//! attempt.
//!
//! Whatever the victim has done by then, every process finds the old value or the new one. The next
//! writer acquires the semaphore, and what follows is right; `site` lists what is checked.

mod companion;
mod life_cycle;
mod path;
pub(super) mod publish;
mod site;
pub(super) mod wait;
mod witness;

use std::path::PathBuf;

use crate::arena;
use crate::campaign::Campaign;
use crate::dump;
use crate::outcome::{Failure, Outcome};
use crate::plan::{Effort, Plan};
use crate::ptrace::{self, Tracee};
pub(super) use crate::step_kill::path::{Guide, Path, Reached};
use crate::step_kill::site::Plot;
pub(super) use crate::step_kill::site::Site;
use shma_core::ShmState;
use shma_tests::rng::Rng;

/// The campaign.
pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "step-kill",
    about: "kills calls at every instruction",
    run,
    work: |arguments| panic!("no process of its own starts with {arguments:?}"),
};

/// Points in the short form, beside all changes that others can see.
const SHORT: u64 = 700;

/// Corpses of each kind beside which a call is killed, except in the short form. Each fell
/// somewhere else.
const CORPSES: usize = 4;

/// A call in certain circumstances.
pub(super) trait Case {
    /// What it is.
    fn name(&self) -> String;

    /// Arranges the circumstances, and gives a victim that is about to make the call. It calls
    /// `mark` at the end of it.
    fn victim(&mut self, site: &mut Site) -> Result<Tracee, String>;

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
    fn visible(&self, _victim: &Tracee, site: &Site) -> Vec<PathBuf> {
        vec![site.name.path()]
    }

    /// Looks at the victim when it is about to be killed.
    fn inspect(&mut self, _victim: &Tracee) {}

    /// A system call of the victim, by its number, has failed because it was made to.
    fn refused(&mut self, _call: Option<i64>) {}

    /// The state words of the region that it is about.
    fn words(&self, site: &Site) -> String {
        dump::words(&site.name.path(), &Plot::MANIFEST)
    }

    /// Looks at everything when the victim is dead, or has returned from the call before.
    fn aftermath(&mut self, site: &mut Site, returned: bool) -> Result<(), String>;
}

/// A case, the site that each of its victims finds, the way of its call from there, and how many
/// points of it have had their victim.
struct Line {
    case: Box<dyn Case>,
    found: Rng,
    way: Path,
    turn: u64,
}

impl Line {
    /// Finds the way of a call. In the short form there is no time to walk the long ones.
    fn explore(plan: &Plan, mut case: Box<dyn Case>, found: Rng) -> Result<Self, Failure> {
        let mut site = Site::new(found.clone());
        let way = if case.is_long() && plan.effort == Effort::Short {
            Path::outline(&mut *case, &mut site)
        } else {
            Path::step(&mut *case, &mut site)
        };
        match way {
            Ok(way) => Ok(Self { case, found, way, turn: 0 }),
            Err(what) => Err(failure(&*case, &site, "not killed", what)),
        }
    }

    /// Kills a victim at a point, and looks at what comes of it.
    fn kill_at(&mut self, point: &path::Point, round: u64) -> Result<Reached, Failure> {
        let mut site = Site::new(self.found.clone());
        self.try_kill_at(point, &mut site).map_err(|what| {
            failure(&*self.case, &site, &format!("kill {round} at {point:?}"), what)
        })
    }

    fn try_kill_at(&mut self, point: &path::Point, site: &mut Site) -> Result<Reached, String> {
        let case = &mut *self.case;
        let mut victim = case.victim(site)?;
        let reached = path::lead(&mut victim, point, case, site)?;
        case.inspect(&victim);
        victim.kill();
        case.aftermath(site, reached == Reached::Return)?;
        Ok(reached)
    }

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
    if let Err(error) = ptrace::is_permitted() {
        return outcome.skip(format!("a child cannot be traced here: {error}"));
    }
    let mut rng = plan.rng();
    let corpses = if plan.effort == Effort::Short { 1 } else { CORPSES };
    let mut cases = publish::all(corpses, &mut rng);
    cases.extend(wait::all());
    cases.extend(life_cycle::all());
    let mut lines = Vec::new();
    let mut all_changes = 0;
    for case in cases {
        let found = Rng::new(rng.next_u64());
        match Line::explore(plan, case, found) {
            Ok(line) => {
                let (points, changes) = line.way.points().unwrap_or_default();
                outcome.count("instructions on the ways", points);
                outcome.count("changes for others on them", changes);
                all_changes += changes;
                lines.push(line);
            }
            Err(failure) => return outcome.fail(failure),
        }
    }
    outcome.count("calls", lines.len() as u64);
    let mut latest = 0;
    for round in plan.rounds("points", all_changes + SHORT) {
        latest = next(&lines, latest);
        let line = &mut lines[latest];
        let changes = line.has_changes_left();
        let routes = line.way.routes(line.turn, &mut rng);
        line.turn += 1;
        let mut reached = Ok(Reached::Return);
        for route in &routes {
            reached = line.kill_at(route, round);
            if !matches!(reached, Ok(Reached::Return)) {
                break;
            }
        }
        match reached {
            Ok(Reached::Point) if changes => outcome.count("kills at changes", 1),
            Ok(Reached::Point) => outcome.count("kills at instructions", 1),
            Ok(Reached::Return) => outcome.count("points not reached", 1),
            Err(failure) => return outcome.fail(failure),
        }
    }
    let through = lines.iter().filter(|line| line.is_through()).count();
    outcome.count("calls killed at every instruction", through as u64);
}

/// Starts a victim that lives this life, and that allocates as all victims of the same life do.
fn start(life: impl FnOnce()) -> Tracee {
    Tracee::start(|| {
        arena::enter();
        life();
    })
}

/// The line whose turn it is: all in turn, but first those that have changes left.
fn next(lines: &[Line], latest: usize) -> usize {
    let in_turn = |step| (latest + step) % lines.len();
    let mut order = (1..=lines.len()).map(in_turn);
    order.find(|line| lines[*line].has_changes_left()).unwrap_or_else(|| in_turn(1))
}

fn failure(case: &dyn Case, site: &Site, killed: &str, what: String) -> Failure {
    Failure::new(format!("{}, {killed}", case.name()), what).with_words(case.words(site))
}
