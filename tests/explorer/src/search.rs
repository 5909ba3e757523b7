//! The exploration: depth first over all states, or nearest first for a short trace.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use crate::fingerprint::Seen;
use crate::machine::{Machine, Moment};
use crate::state::{State, Status, Thread};
use crate::step::{Broken, Stepper, analyse_all};
use crate::trace::{Step, Trace};

/// States that a search for a short trace looks at.
const NEAREST: usize = 4_000_000;

/// Every state was visited and none broke a property.
#[derive(Clone, Debug)]
pub struct Explored {
    /// Different states.
    pub states: usize,
    /// Those in which the machine has come to rest.
    pub ends: usize,
    /// Time taken.
    pub elapsed: Duration,
    /// What the programs say and no execution did: the exploration says nothing about it.
    pub unreached: Vec<String>,
}

/// Why an exploration is not a proof.
#[derive(Clone, Debug)]
pub enum Failure {
    /// A property is broken.
    Broken {
        /// How, in words.
        what: String,
        /// The steps that led there.
        trace: Trace,
        /// States visited before.
        states: usize,
    },
    /// The limit of states was reached with nothing found: nothing is known.
    TooManyStates(usize),
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.states as f64 / self.elapsed.as_secs_f64() / 1e6;
        let (states, ends, time) = (self.states, self.ends, self.elapsed);
        write!(f, "{states} states, {ends} ends, {time:.2?} ({rate:.2} million/s)")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Broken { what, trace, states } => {
                write!(f, "{what}\nafter {} steps ({states} states visited):\n{trace}", trace.len())
            }
            Failure::TooManyStates(limit) => {
                write!(
                    f,
                    "{limit} states visited and no end: make the model smaller or the limit larger"
                )
            }
        }
    }
}

impl Machine {
    /// Visits every reachable state.
    ///
    /// # Errors
    ///
    /// The first broken property that is met, with the steps that lead there; or that the limit
    /// was reached, which is a failure too.
    pub fn explore(&self) -> Result<Explored, Failure> {
        match self.initial.len() {
            0..=16 => depth_first::<16>(self),
            17..=32 => depth_first::<32>(self),
            33..=48 => depth_first::<48>(self),
            _ => depth_first::<64>(self),
        }
    }

    /// Looks for a shortest way to break a property, among the first few million states.
    ///
    /// # Errors
    ///
    /// As [`explore`](Self::explore).
    pub fn explore_nearest_first(&self) -> Result<Explored, Failure> {
        match self.initial.len() {
            0..=32 => nearest_first::<32>(self),
            _ => nearest_first::<64>(self),
        }
    }
}

fn depth_first<const L: usize>(machine: &Machine) -> Result<Explored, Failure> {
    let started = Instant::now();
    let ahead = analyse_all(machine);
    let mut stepper = Stepper::<L>::new(machine, &ahead);
    let (mut seen, mut ends) = (Seen::default(), 0);
    let (mut path, mut found) = (Vec::new(), Vec::new());
    let broken = |path: &[Step], what, states| Failure::Broken {
        what,
        trace: Trace::new(machine, path),
        states,
    };

    let initial = stepper.initial().map_err(|(_, what)| broken(&[], what, 0))?;
    let mut scratch = Vec::new();
    seen.insert(initial.fingerprint(&mut scratch));
    let mut waiting = vec![(0, None, initial)];
    while let Some((depth, step, state)) = waiting.pop() {
        path.truncate(depth - usize::from(step.is_some()));
        path.extend(step);
        judge(machine, &state, &mut ends).map_err(|what| broken(&path, what, seen.len()))?;
        stepper.successors(&state, &mut found).map_err(|(step, what)| {
            path.push(step);
            broken(&path, what, seen.len())
        })?;
        stepper.recycle(state);
        for (step, next) in found.drain(..) {
            if seen.insert(next.fingerprint(&mut scratch)) {
                waiting.push((depth + 1, Some(step), next));
            } else {
                stepper.recycle(next);
            }
        }
        if seen.len() > machine.limit {
            return Err(Failure::TooManyStates(machine.limit));
        }
    }
    let (states, elapsed) = (seen.len(), started.elapsed());
    Ok(Explored { states, ends, elapsed, unreached: stepper.unreached() })
}

fn nearest_first<const L: usize>(machine: &Machine) -> Result<Explored, Failure> {
    let started = Instant::now();
    let ahead = analyse_all(machine);
    let mut stepper = Stepper::<L>::new(machine, &ahead);
    let (mut seen, mut ends, mut found) = (Seen::default(), 0, Vec::new());
    let mut parents: Vec<Option<(usize, Step)>> = vec![None];
    let broken = |parents: &[Option<(usize, Step)>], last, step, what| {
        let trace = Trace::new(machine, &way_to(parents, last, step));
        Failure::Broken { what, trace, states: parents.len() }
    };

    let initial = stepper.initial().map_err(|(_, what)| broken(&parents, 0, None, what))?;
    let mut scratch = Vec::new();
    seen.insert(initial.fingerprint(&mut scratch));
    let mut waiting = VecDeque::from([(0, initial)]);
    while let Some((number, state)) = waiting.pop_front() {
        judge(machine, &state, &mut ends).map_err(|what| broken(&parents, number, None, what))?;
        stepper
            .successors(&state, &mut found)
            .map_err(|(step, what): Broken| broken(&parents, number, Some(step), what))?;
        stepper.recycle(state);
        for (step, next) in found.drain(..) {
            if seen.insert(next.fingerprint(&mut scratch)) {
                waiting.push_back((parents.len(), next));
                parents.push(Some((number, step)));
            } else {
                stepper.recycle(next);
            }
        }
        if parents.len() > NEAREST {
            return Err(Failure::TooManyStates(NEAREST));
        }
    }
    let (states, elapsed) = (seen.len(), started.elapsed());
    Ok(Explored { states, ends, elapsed, unreached: stepper.unreached() })
}

fn way_to(parents: &[Option<(usize, Step)>], mut last: usize, step: Option<Step>) -> Vec<Step> {
    let mut steps: Vec<Step> = step.into_iter().collect();
    while let Some((parent, step)) = parents[last] {
        steps.push(step);
        last = parent;
    }
    steps.reverse();
    steps
}

/// Looks at the properties that are not part of a program.
fn judge<const L: usize>(
    machine: &Machine,
    state: &State<L>,
    ends: &mut usize,
) -> Result<(), String> {
    (machine.always)(&Moment(state))?;
    if has_come_to_rest(state) {
        *ends += 1;
        (machine.finally)(&Moment(state))?;
    }
    Ok(())
}

/// No process runs, and no sleeper's time-out is still to come.
fn has_come_to_rest<const L: usize>(state: &State<L>) -> bool {
    let killed = state.killed();
    let rests =
        |thread: &Thread<L>| thread.status != Status::Running && !thread.may_time_out(killed);
    state.threads.iter().all(rests)
}
