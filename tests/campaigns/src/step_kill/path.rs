//! The way of a call, instruction by instruction, and how a victim is led to a point of it.
//!
//! Stepping to every instruction from the start would cost a number of steps that grows with the
//! square of the way. So a way is stepped once, and its places are noted. A victim is a fork, so it
//! has everything at the same addresses. It runs at full speed to a breakpoint at the place, and on
//! until the right pass through that place. Ways through calls of hundreds of thousands of
//! instructions are cut at their system calls first.
//!
//! Most instructions change nothing that others can see: to be killed behind one of them is to be
//! killed before it. So the points where something has changed come first; see `witness`.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::ptrace::{Here, Stop, Tracee};
use crate::step_kill::Case;
use crate::step_kill::site::Site;
use crate::step_kill::witness::Witness;
use shma_tests::rng::Rng;

/// The way of a case's call.
#[derive(Debug)]
pub enum Path {
    /// Known in full, and the steps before which something has changed for others. An instruction
    /// that repeats itself comes several times there.
    Stepped { steps: Vec<Step>, changes: Vec<usize> },
    /// Known by the stops at its system calls, at entry and at exit, which are so many.
    Outlined(u32),
}

/// One instruction on the way.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    place: u64,
    /// Stops at system calls that come before; 0 on a way that is not cut.
    stops: u32,
    /// The number of times that the way has come to the place since the last stop.
    times: u32,
    /// How often the instruction repeats itself; 0 for others.
    repetitions: u64,
}

/// Where a victim is killed.
#[derive(Debug, Clone)]
pub struct Point {
    stops: u32,
    /// Places to run to one after the other, and how often to come by there.
    goals: Vec<(u64, u32)>,
    steps: u32,
    /// Repetitions of an instruction that repeats itself.
    repetitions: u64,
}

/// Where a victim has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    Point,
    /// The call has returned.
    Return,
}

/// Steps behind a stop at a system call that are tried on a way that is not known in full. Half of
/// the time it is at most this many, otherwise more.
const NEAR: usize = 12;
const FAR: usize = 1000;

/// A time at a breakpoint takes as long as so many steps.
const TIME_IN_STEPS: u32 = 5;

/// Points inside an instruction that repeats itself, and how deep inside they are at most. One
/// repetition is as good as the next.
const INSIDE: usize = 4;
const DEEP: u64 = 256;

/// How far back from a place it pays to look for another.
const BACK: usize = 200;

impl Path {
    /// Leads a victim all the way, in steps.
    pub fn step(case: &mut dyn Case, site: &mut Site) -> Result<Self, String> {
        let cut = case.is_long();
        let mut victim = case.victim(site)?;
        let mut witness = Witness::of(case.visible(&victim, site));
        let mut guide = Guide::new(case, site);
        let mut stops = 0;
        let mut times: HashMap<u64, u32> = HashMap::new();
        let mut steps = Vec::new();
        let mut over = 0;
        let mut changes = vec![0];
        loop {
            let here = victim.here();
            let Here { place, repetitions, calls, .. } = here;
            let time = times.entry(place).and_modify(|times| *times += 1).or_insert(1);
            changes.extend(std::iter::repeat_n(steps.len(), INSIDE.min(repetitions as usize)));
            steps.push(Step { place, stops, times: *time, repetitions });
            if calls {
                over = steps.len();
            }
            if cut && calls {
                // One stop at its entry and one at its exit, where the next instruction is.
                stops += 2;
                times.clear();
            }
            if guide.go(|| victim.step_from(here))? == Reached::Return {
                break;
            }
            if calls {
                witness = Witness::of(guide.visible(&victim));
            }
            if witness.notices() || calls {
                changes.push(steps.len());
            }
        }
        // The last system call is the mark, and the victim may trap behind it before it stops.
        steps.truncate(over);
        changes.retain(|change| *change < over);
        victim.kill();
        case.aftermath(site, true)?;
        Ok(Self::Stepped { steps, changes })
    }

    /// Leads a victim all the way, from system call to system call.
    pub fn outline(case: &mut dyn Case, site: &mut Site) -> Result<Self, String> {
        let mut victim = case.victim(site)?;
        let mut stops = 0;
        loop {
            match victim.run_to_system_call() {
                Stop::SystemCall => stops += 1,
                Stop::Mark => break,
                other => return Err(format!("the way ends with {other:?}")),
            }
        }
        victim.kill();
        case.aftermath(site, true)?;
        Ok(Self::Outlined(stops))
    }

    /// The number of points, and of those where something has changed, if they are known.
    pub fn points(&self) -> Option<(u64, u64)> {
        match self {
            Self::Stepped { steps, changes } => Some((steps.len() as u64, changes.len() as u64)),
            Self::Outlined(_) => None,
        }
    }

    /// The point for a turn: first where something has changed, then all. Each comes once before
    /// any comes again, in an order that leaves no part of the way for the end. It is given as the
    /// routes to it, the cheapest first, because a way on which the clock is read is not always the
    /// same.
    pub fn routes(&self, turn: u64, rng: &mut Rng) -> [Point; 2] {
        match self {
            Self::Stepped { steps, changes } => {
                let first = changes.len() as u64;
                let at = match turn.checked_sub(first) {
                    None => changes[scattered(turn, first)],
                    Some(turn) => scattered(turn, steps.len() as u64),
                };
                let repetitions = match steps[at].repetitions {
                    0 => 0,
                    repeats => rng.below(repeats.min(DEEP) as usize) as u64,
                };
                let routes = [Self::cheapest(steps, at), Self::direct(steps, at)];
                routes.map(|route| Point { repetitions, ..route })
            }
            Self::Outlined(stops) => {
                let reach = if rng.one_in(2) { NEAR } else { FAR };
                let point = Point {
                    stops: (turn % u64::from(stops + 1)) as u32,
                    goals: Vec::new(),
                    steps: rng.below(reach) as u32,
                    repetitions: 0,
                };
                [point.clone(), point]
            }
        }
    }

    /// The route that does not depend on what lies on the way.
    fn direct(steps: &[Step], at: usize) -> Point {
        let Step { place, stops, times, .. } = steps[at];
        Point { stops, goals: vec![(place, times)], steps: 0, repetitions: 0 }
    }

    /// The cheapest way to a point: to a place near it, and on in steps. If that place is in a
    /// loop, a place that is passed less often is the start.
    fn cheapest(steps: &[Step], at: usize) -> Point {
        let stops = steps[at].stops;
        let earlier = (0..=at).rev().take_while(|from| steps[*from].stops == stops);
        let cost = |times: u32, rest: usize| times * TIME_IN_STEPS + rest as u32;
        let near =
            earlier.clone().take(BACK).min_by_key(|from| cost(steps[*from].times, at - from));
        let near = near.expect("the point itself can be reached");
        let mut times = 0;
        let from_there = earlier.map(|from| {
            times += u32::from(steps[from].place == steps[at].place);
            (from, times)
        });
        let far = from_there.min_by_key(|(from, times)| steps[*from].times + times);
        let (far, times) = far.expect("the point itself can be reached");
        let goal = |from: usize| (steps[from].place, steps[from].times);
        if cost(steps[near].times, at - near) <= cost(steps[far].times + times, 0) {
            Point { stops, goals: vec![goal(near)], steps: (at - near) as u32, repetitions: 0 }
        } else {
            let goals = vec![goal(far), (steps[at].place, times)];
            Point { stops, goals, steps: 0, repetitions: 0 }
        }
    }
}

/// Goes through all numbers below `all`, here and there.
fn scattered(turn: u64, all: u64) -> usize {
    ((turn % all) * coprime(all) % all) as usize
}

/// A number about 0.6 times as large that shares no divisor.
fn coprime(all: u64) -> u64 {
    let divisor = |mut a: u64, mut b: u64| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let golden = (all as f64 * 0.618) as u64;
    (golden.max(1)..).find(|number| divisor(*number, all) == 1).expect("1 at the latest")
}

/// Leads a victim to a point.
pub fn lead(
    victim: &mut Tracee,
    point: &Point,
    case: &mut dyn Case,
    site: &mut Site,
) -> Result<Reached, String> {
    let mut guide = Guide::new(case, site);
    for _ in 0..point.stops {
        if guide.go(|| victim.run_to_system_call())? == Reached::Return {
            return Ok(Reached::Return);
        }
    }
    for (place, times) in &point.goals {
        let mut left = *times;
        let run = || {
            let (stop, rest) = victim.run_to(*place, left).expect("a breakpoint on the way");
            left = rest;
            stop
        };
        if guide.go(run)? == Reached::Return {
            return Ok(Reached::Return);
        }
    }
    for _ in 0..point.steps {
        if guide.go(|| victim.step())? == Reached::Return {
            return Ok(Reached::Return);
        }
    }
    for _ in 0..point.repetitions {
        if guide.go(|| victim.step_once())? == Reached::Return {
            return Ok(Reached::Return);
        }
    }
    Ok(Reached::Point)
}

/// Takes a victim of a case past the marks in the middle of its call.
pub struct Guide<'a> {
    case: &'a mut dyn Case,
    site: &'a mut Site,
    /// Marks that are still to come before the one at the end.
    marks: u32,
}

impl<'a> Guide<'a> {
    pub fn new(case: &'a mut dyn Case, site: &'a mut Site) -> Self {
        Self { marks: case.marks(), case, site }
    }

    /// As [`Case::visible`].
    pub fn visible(&self, victim: &Tracee) -> Vec<PathBuf> {
        self.case.visible(victim, self.site)
    }

    /// Lets the victim go on, and on from each mark, until it stops for another reason.
    pub fn go(&mut self, mut resume: impl FnMut() -> Stop) -> Result<Reached, String> {
        loop {
            match resume() {
                Stop::Trap | Stop::SystemCall => return Ok(Reached::Point),
                Stop::Mark if self.marks == 0 => return Ok(Reached::Return),
                Stop::Mark => {
                    self.marks -= 1;
                    self.case.attend(self.site)?;
                }
                Stop::End(end) => return Err(format!("the victim ended by itself: {end:?}")),
            }
        }
    }

    /// Lets it run to the end of its call.
    pub fn go_to_return(&mut self, victim: &mut Tracee) -> Result<(), String> {
        match self.go(|| victim.run())? {
            Reached::Return => Ok(()),
            Reached::Point => Err("the victim trapped".into()),
        }
    }
}
