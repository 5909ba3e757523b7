//! What can happen next: every successor of a state.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use crate::ahead::{Ahead, analyse};
use crate::expression::{Register, Word};
use crate::instruction::Instruction;
use crate::machine::{Machine, Observe};
use crate::memory::{Memory, View};
use crate::program::Program;
use crate::state::{Outlook, State, Status, Thread};
use crate::trace::{Event, Step, describe};

/// A step that broke a property, and how.
pub(super) type Broken = (Step, String);

/// Local steps that may follow one another before it counts as a loop without end.
const PATIENCE: usize = 10_000;

/// The transition relation of one machine.
#[derive(Debug)]
pub(super) struct Stepper<'m, const L: usize> {
    pub(super) machine: &'m Machine,
    outlooks: Vec<Outlook<'m>>,
    /// States to be used again, for their memory.
    spare: Vec<State<L>>,
    /// Which instructions of each program were ever executed.
    reached: Vec<Vec<bool>>,
}

/// A step under way: the state before, who moves, and the states found so far.
pub(super) struct Move<'s, const L: usize> {
    pub(super) before: &'s State<L>,
    pub(super) process: usize,
    pub(super) found: &'s mut Vec<(Step, State<L>)>,
}

impl<const L: usize> Move<'_, L> {
    pub(super) fn at(&self) -> usize {
        usize::from(self.before.threads[self.process].at)
    }

    pub(super) fn step(&self, event: Event) -> Step {
        Step { process: self.process as u8, at: self.at() as u16, event }
    }

    pub(super) fn registers(&self) -> &[Word] {
        &self.before.threads[self.process].registers
    }

    /// Messages from `index` on.
    pub(super) fn newer(&self, location: usize, index: usize) -> u8 {
        (self.before.memory.history(location).len() - index) as u8
    }
}

/// The static analysis of every program of a machine.
pub(super) fn analyse_all(machine: &Machine) -> Vec<Vec<Ahead>> {
    machine.programs.iter().map(analyse).collect()
}

impl<'m, const L: usize> Stepper<'m, L> {
    pub(super) fn new(machine: &'m Machine, ahead: &'m [Vec<Ahead>]) -> Self {
        let outlook = |(program, ahead): (&'m Program, &'m Vec<Ahead>)| Outlook {
            ahead,
            kept: program.kept,
            killable: program.token.is_some(),
        };
        Stepper {
            machine,
            outlooks: machine.programs.iter().zip(ahead).map(outlook).collect(),
            spare: Vec::new(),
            reached: ahead.iter().map(|ahead| vec![false; ahead.len()]).collect(),
        }
    }

    pub(super) fn initial(&mut self) -> Result<State<L>, Broken> {
        let threads = vec![Thread::START; self.machine.programs.len()];
        let memory = Memory::new(self.machine.initial.iter().copied());
        let total = View::START;
        let mut state = State { memory, threads, total, kills_left: self.machine.kills };
        for process in 0..state.threads.len() {
            let step = Step { process: process as u8, at: 0, event: Event::Fenced };
            self.run_on(&mut state, process).map_err(|words| (step, words))?;
        }
        self.reduce(&mut state);
        Ok(state)
    }

    /// Adds to `found` every state that one step leads to.
    pub(super) fn successors(
        &mut self,
        before: &State<L>,
        found: &mut Vec<(Step, State<L>)>,
    ) -> Result<(), Broken> {
        let mut anybody_runs = false;
        for process in 0..before.threads.len() {
            if before.threads[process].status == Status::Running {
                anybody_runs = true;
                self.perform(&mut Move { before, process, found })?;
            }
        }
        if !anybody_runs {
            self.time_out(before, found)?;
        }
        if before.kills_left > 0 {
            for process in 0..before.threads.len() {
                self.kill(&mut Move { before, process, found });
            }
        }
        Ok(())
    }

    /// No process can move: the slices of sleepers end, as often as one was killed.
    ///
    /// A slice is long, and stores become visible in finite time: who wakes by a time-out reads
    /// what is latest.
    fn time_out(
        &mut self,
        before: &State<L>,
        found: &mut Vec<(Step, State<L>)>,
    ) -> Result<(), Broken> {
        let killed = before.killed();
        for process in 0..before.threads.len() {
            if before.threads[process].may_time_out(killed) {
                let mut next = self.copy(before);
                next.threads[process].status = Status::Running;
                next.threads[process].timed_out += 1;
                for location in 0..next.memory.locations() {
                    next.see_latest(process, location);
                }
                self.arrive(&mut Move { before, process, found }, next, Event::TimedOut)?;
            }
        }
        Ok(())
    }

    fn kill(&mut self, step: &mut Move<'_, L>) {
        let Some(token) = self.machine.programs[step.process].token else { return };
        if step.before.threads[step.process].is_alive() {
            let mut next = self.copy(step.before);
            next.kill(step.process, token);
            self.pass_last_fence(&mut next, step.process);
            self.reduce(&mut next);
            step.found.push((step.step(Event::Killed), next));
        }
    }

    /// The mover goes on to its next meeting with the others; what it came to is a successor.
    pub(super) fn arrive(
        &mut self,
        step: &mut Move<'_, L>,
        mut next: State<L>,
        event: Event,
    ) -> Result<(), Broken> {
        next.threads[step.process].at += 1;
        let broken = |words| (step.step(event), words);
        self.run_on(&mut next, step.process).map_err(broken)?;
        self.stay(step, next, event);
        Ok(())
    }

    /// The same, after a store to this location.
    pub(super) fn arrive_with(
        &mut self,
        step: &mut Move<'_, L>,
        next: State<L>,
        event: Event,
        location: usize,
    ) -> Result<(), Broken> {
        if self.machine.rising & (1 << location) != 0
            && let Some((old, new)) = next.memory.first_fall(location)
        {
            let name = self.machine.location_name(location);
            return Err((step.step(event), format!("{name} goes back from {old} to {new}")));
        }
        self.arrive(step, next, event)
    }

    /// The mover stays where it is; that is a successor.
    pub(super) fn stay(&mut self, step: &mut Move<'_, L>, mut next: State<L>, event: Event) {
        self.reached[step.process][step.at()] = true;
        self.reduce(&mut next);
        step.found.push((step.step(event), next));
    }

    /// Runs local instructions.
    pub(super) fn run_on(&mut self, state: &mut State<L>, process: usize) -> Result<(), String> {
        let program = &self.machine.programs[process];
        for _ in 0..PATIENCE {
            let thread = &mut state.threads[process];
            let at = usize::from(thread.at);
            match &program.instructions[at] {
                Instruction::Fence { order } if program.instructions[at].is_local() => {
                    state.fence(process, *order);
                }
                Instruction::Set { into, value } => {
                    thread.set(*into, value.value(&thread.registers));
                }
                Instruction::JumpIf { condition, to } => {
                    if condition.value(&thread.registers) != 0 {
                        thread.at = program.target(*to) as u16;
                        continue;
                    }
                }
                Instruction::Check { condition, otherwise } => {
                    if condition.value(&thread.registers) == 0 {
                        let shown = program.registers.iter().zip(&thread.registers);
                        let shown: Vec<_> = shown.map(|(n, v)| format!("{n}={v:#x}")).collect();
                        let shown = shown.join(" ");
                        return Err(format!("{}: {otherwise} ({shown})", program.name));
                    }
                }
                Instruction::End => {
                    thread.status = Status::Done;
                    self.pass_last_fence(state, process);
                    return Ok(());
                }
                _ => return Ok(()),
            }
            state.threads[process].at += 1;
        }
        panic!("{}: a loop that never meets memory", program.name);
    }

    /// The kernel switches away from the process for good.
    fn pass_last_fence(&self, state: &mut State<L>, process: usize) {
        if self.machine.programs[process].accepts_heavy_fences {
            state.fence(process, Ordering::SeqCst);
        }
    }

    fn reduce(&self, state: &mut State<L>) {
        if self.machine.reduce {
            state.reduce(&self.outlooks);
        }
    }

    pub(super) fn copy(&mut self, state: &State<L>) -> State<L> {
        match self.spare.pop() {
            Some(mut copy) => {
                copy.copy_from(state);
                copy
            }
            None => state.clone(),
        }
    }

    /// Takes back a state that is not needed any more.
    pub(super) fn recycle(&mut self, state: State<L>) {
        self.spare.push(state);
    }

    /// What no process ever did, in no execution, of all that is written in the programs.
    pub(super) fn unreached(&self) -> Vec<String> {
        let (mut done, mut undone) = (BTreeSet::new(), BTreeSet::new());
        for (program, reached) in self.machine.programs.iter().zip(&self.reached) {
            for (at, instruction) in program.instructions.iter().enumerate() {
                if !instruction.is_local() {
                    let set = if reached[at] { &mut done } else { &mut undone };
                    set.insert(describe(self.machine, program, at));
                }
            }
        }
        undone.difference(&done).cloned().collect()
    }
}

impl<const L: usize> Observe for State<L> {
    fn latest(&self, location: usize) -> Word {
        self.memory.latest(location).value
    }

    fn status(&self, process: usize) -> Status {
        self.threads[process].status
    }

    fn register(&self, process: usize, register: Register) -> Word {
        self.threads[process].registers[usize::from(register.0)]
    }
}
