//! What can happen next: every successor of a state.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use super::ahead::{Ahead, acquires, analyse, releases};
use super::expression::{Expression, Register, Word};
use super::machine::{Machine, Observe};
use super::memory::{Memory, Message, View};
use super::program::{Instruction, Place, Program};
use super::state::{Outlook, State, Status, Thread};
use super::trace::{Event, Step, describe};

/// A step that broke a property, and how.
pub(super) type Broken = (Step, String);

/// Local steps that may follow one another before it counts as a loop without end.
const PATIENCE: usize = 10_000;

/// The transition relation of one machine.
#[derive(Debug)]
pub(super) struct Stepper<'m, const L: usize> {
    machine: &'m Machine,
    outlooks: Vec<Outlook<'m>>,
    spare: Vec<State<L>>,
    reached: Vec<Vec<bool>>,
}

/// The static analysis of every program of a machine.
pub(super) fn analyse_all(machine: &Machine) -> Vec<Vec<Ahead>> {
    machine.programs.iter().map(analyse).collect()
}

/// A step under way: the state before, who moves, and the states found so far.
struct Move<'s, const L: usize> {
    before: &'s State<L>,
    process: usize,
    found: &'s mut Vec<(Step, State<L>)>,
}

impl<const L: usize> Move<'_, L> {
    fn thread(&self) -> &Thread<L> {
        &self.before.threads[self.process]
    }

    fn step(&self, event: Event) -> Step {
        Step { process: self.process as u8, at: self.thread().at, event }
    }

    fn place(&self, place: &Place) -> usize {
        place.location(&self.thread().registers)
    }

    fn value(&self, expression: &Expression) -> Word {
        expression.value(&self.thread().registers)
    }
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

    /// Adds to `found` every state that one step leads to.
    ///
    /// No successor means that the machine has come to rest.
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
        for process in 0..before.threads.len() {
            if before.threads[process].is_alive() && before.kills_left > 0 {
                self.kill(&mut Move { before, process, found });
            }
        }
        Ok(())
    }

    fn perform(&mut self, step: &mut Move<'_, L>) -> Result<(), Broken> {
        let machine = self.machine;
        let at = usize::from(step.thread().at);
        match &machine.programs[step.process].instructions[at] {
            Instruction::Load { into, from, order, latest } => {
                self.load(step, *into, from, *order, *latest)
            }
            Instruction::Store { to, value, order } => self.store(step, to, value, *order),
            Instruction::CompareExchange { seen, at, expected, new, order } => {
                let expected = step.value(expected);
                self.exchange(step, *seen, at, Some(expected), new, *order)
            }
            Instruction::Modify { seen, at, new, order } => {
                self.exchange(step, *seen, at, None, new, *order)
            }
            Instruction::Fence { .. } => self.total_fence(step),
            Instruction::Sleep { on, value, slices } => self.sleep(step, on, value, *slices),
            Instruction::Wake { on, all } => self.wake(step, on, *all),
            Instruction::Choose { into, below } => self.choose(step, *into, *below),
            local => unreachable!("{local:?} was run with the step before it"),
        }
    }

    fn load(
        &mut self,
        step: &mut Move<'_, L>,
        into: Register,
        from: &Place,
        order: Ordering,
        latest: bool,
    ) -> Result<(), Broken> {
        let location = step.place(from);
        let newest = step.before.memory.history(location).len() - 1;
        let known = step.thread().current.at(location);
        let oldest = if latest { newest } else { known };
        for index in oldest..=newest {
            let mut next = self.copy(step.before);
            let value = read(&mut next, step.process, location, index, acquires(order));
            next.threads[step.process].registers[usize::from(into.0)] = value;
            let newer = (newest - index) as u8;
            self.arrive(step, next, Event::Read { location: location as u8, value, newer })?;
        }
        Ok(())
    }

    fn store(
        &mut self,
        step: &mut Move<'_, L>,
        to: &Place,
        value: &Expression,
        order: Ordering,
    ) -> Result<(), Broken> {
        let (location, value) = (step.place(to), step.value(value));
        let end = step.before.memory.history(location).len();
        let known = step.thread().current.at(location);
        for index in known + 1..=end {
            if step.before.memory.history(location).get(index).is_some_and(|m| m.attached) {
                continue;
            }
            let mut next = self.copy(step.before);
            next.make_room(location, index);
            let newer = (end - index) as u8;
            let event = Event::Wrote { location: location as u8, value, newer };
            let message = Message { value, attached: false, view: View::START };
            self.write(step, &mut next, location, index, message, order, event)?;
            self.arrive(step, next, event)?;
        }
        Ok(())
    }

    /// Compare-exchange, or (nothing `expected`) an unconditional read-modify-write.
    fn exchange(
        &mut self,
        step: &mut Move<'_, L>,
        seen: Register,
        at: &Place,
        expected: Option<Word>,
        new: &Expression,
        order: Ordering,
    ) -> Result<(), Broken> {
        let location = step.place(at);
        let newest = step.before.memory.history(location).len() - 1;
        let known = step.thread().current.at(location);
        for index in known..=newest {
            let history = step.before.memory.history(location);
            let old = history[index].value;
            let fits = expected.is_none_or(|expected| expected == old);
            let taken = history.get(index + 1).is_some_and(|follower| follower.attached);
            if fits && taken {
                continue;
            }
            let mut next = self.copy(step.before);
            if !fits {
                read(&mut next, step.process, location, index, false);
                next.threads[step.process].registers[usize::from(seen.0)] = old;
                let newer = (newest - index) as u8;
                let event = Event::Refused { location: location as u8, value: old, newer };
                self.arrive(step, next, event)?;
                continue;
            }
            next.make_room(location, index + 1);
            let carried = next.memory.history(location)[index].view;
            read(&mut next, step.process, location, index, acquires(order));
            let registers = &mut next.threads[step.process].registers;
            // `new` of a read-modify-write is a function of what it saw; that of a
            // compare-exchange does not see its own result.
            let value = match expected {
                Some(_) => new.value(registers),
                None => {
                    registers[usize::from(seen.0)] = old;
                    new.value(registers)
                }
            };
            registers[usize::from(seen.0)] = old;
            let event = Event::Exchanged { location: location as u8, old, new: value };
            let message = Message { value, attached: true, view: carried };
            self.write(step, &mut next, location, index + 1, message, order, event)?;
            self.arrive(step, next, event)?;
        }
        Ok(())
    }

    fn total_fence(&mut self, step: &mut Move<'_, L>) -> Result<(), Broken> {
        let mut next = self.copy(step.before);
        let thread = &mut next.threads[step.process];
        thread.current.join(&thread.acquired);
        thread.current.join(&next.total);
        (thread.acquired, thread.released) = (thread.current, thread.current);
        next.total = thread.current;
        self.arrive(step, next, Event::Fenced)
    }

    fn sleep(
        &mut self,
        step: &mut Move<'_, L>,
        on: &Place,
        value: &Expression,
        slices: bool,
    ) -> Result<(), Broken> {
        let (location, value) = (step.place(on), step.value(value));
        let newest = step.before.memory.history(location).len() - 1;
        let latest = step.before.memory.latest(location).value;
        let mut next = self.copy(step.before);
        // The kernel's look is one of this process, so its later loads see nothing older.
        next.threads[step.process].current.raise(location, newest);
        next.threads[step.process].acquired.raise(location, newest);
        let location = location as u8;
        if latest != value {
            return self.arrive(step, next, Event::StayedAwake { location, value: latest });
        }
        self.reached[step.process][usize::from(step.thread().at)] = true;
        next.threads[step.process].status = Status::Asleep { location, slices };
        self.reduce(&mut next);
        step.found.push((step.step(Event::FellAsleep { location }), next));
        Ok(())
    }

    fn wake(&mut self, step: &mut Move<'_, L>, on: &Place, all: bool) -> Result<(), Broken> {
        let location = step.place(on) as u8;
        let sleeps = |thread: &Thread<L>| {
            matches!(thread.status, Status::Asleep { location: on, .. } if on == location)
        };
        let threads = step.before.threads.iter().enumerate();
        let sleepers: Vec<usize> =
            threads.filter(|(_, thread)| sleeps(thread)).map(|(process, _)| process).collect();
        if all || sleepers.is_empty() {
            return self.wake_these(step, location, &sleepers);
        }
        sleepers.iter().try_for_each(|&sleeper| self.wake_these(step, location, &[sleeper]))
    }

    fn wake_these(
        &mut self,
        step: &mut Move<'_, L>,
        location: u8,
        sleepers: &[usize],
    ) -> Result<(), Broken> {
        let event = Event::Woke { location, count: sleepers.len() as u8 };
        let mut next = self.copy(step.before);
        for &sleeper in sleepers {
            next.threads[sleeper].status = Status::Running;
            next.threads[sleeper].at += 1;
            self.run_on(&mut next, sleeper).map_err(|words| (step.step(event), words))?;
        }
        self.arrive(step, next, event)
    }

    fn choose(
        &mut self,
        step: &mut Move<'_, L>,
        into: Register,
        below: Word,
    ) -> Result<(), Broken> {
        for value in 0..below {
            let mut next = self.copy(step.before);
            next.threads[step.process].registers[usize::from(into.0)] = value;
            self.arrive(step, next, Event::Chose { value })?;
        }
        Ok(())
    }

    /// Nobody can move: the slices of sleepers end, as often as somebody was killed.
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
                let latest = next.memory.latest_of_all();
                next.threads[process].current.join(&latest);
                next.threads[process].acquired.join(&latest);
                self.arrive(&mut Move { before, process, found }, next, Event::TimedOut)?;
            }
        }
        Ok(())
    }

    fn kill(&mut self, step: &mut Move<'_, L>) {
        let Some(token) = self.machine.programs[step.process].token else { return };
        let mut next = self.copy(step.before);
        let index = next.memory.history(token).len();
        let thread = &mut next.threads[step.process];
        thread.status = Status::Killed;
        let mut view = thread.current;
        view.join(&thread.acquired);
        view.raise(token, index);
        next.memory.insert(token, index, Message { value: 0, attached: false, view });
        next.kills_left -= 1;
        self.reduce(&mut next);
        step.found.push((step.step(Event::Killed), next));
    }

    /// Stores `message`, whose view holds what it carries on from a message before it.
    #[expect(clippy::too_many_arguments, reason = "the whole of a store")]
    fn write(
        &self,
        step: &Move<'_, L>,
        next: &mut State<L>,
        location: usize,
        index: usize,
        mut message: Message<L>,
        order: Ordering,
        event: Event,
    ) -> Result<(), Broken> {
        let thread = &mut next.threads[step.process];
        thread.current.raise(location, index);
        thread.acquired.raise(location, index);
        message.view.join(if releases(order) { &thread.current } else { &thread.released });
        message.view.raise(location, index);
        next.memory.insert(location, index, message);
        if self.machine.rising & (1 << location) != 0 {
            let history = next.memory.history(location);
            let falls = |pair: &[Message<L>]| pair[0].value > pair[1].value;
            if let Some(pair) = history.windows(2).find(|pair| falls(pair)) {
                let name = self.machine.location_name(location);
                let (old, new) = (pair[0].value, pair[1].value);
                return Err((step.step(event), format!("{name} goes back from {old} to {new}")));
            }
        }
        Ok(())
    }

    /// The mover goes on to its next meeting with the others; what it came to is a successor.
    fn arrive(
        &mut self,
        step: &mut Move<'_, L>,
        mut next: State<L>,
        event: Event,
    ) -> Result<(), Broken> {
        let at = &mut next.threads[step.process].at;
        self.reached[step.process][usize::from(*at)] = true;
        *at += 1;
        let step_taken = step.step(event);
        self.run_on(&mut next, step.process).map_err(|words| (step_taken, words))?;
        self.reduce(&mut next);
        step.found.push((step_taken, next));
        Ok(())
    }

    /// Runs local instructions.
    fn run_on(&mut self, state: &mut State<L>, process: usize) -> Result<(), String> {
        let program = &self.machine.programs[process];
        let thread = &mut state.threads[process];
        for _ in 0..PATIENCE {
            let at = usize::from(thread.at);
            let registers = &mut thread.registers;
            thread.at += 1;
            match &program.instructions[at] {
                Instruction::Set { into, value } => {
                    registers[usize::from(into.0)] = value.value(registers);
                }
                Instruction::JumpIf { condition, to } => {
                    if condition.value(registers) != 0 {
                        thread.at = program.target(*to) as u16;
                    }
                }
                Instruction::Check { condition, otherwise } => {
                    if condition.value(registers) == 0 {
                        let shown = program.registers.iter().zip(registers.iter());
                        let shown: Vec<_> = shown.map(|(n, v)| format!("{n}={v:#x}")).collect();
                        let shown = shown.join(" ");
                        return Err(format!("{}: {otherwise} ({shown})", program.name));
                    }
                }
                Instruction::Fence { order: Ordering::Acquire } => thread.current = thread.acquired,
                Instruction::Fence { order: Ordering::Release } => thread.released = thread.current,
                Instruction::End => {
                    thread.status = Status::Done;
                    return Ok(());
                }
                _ => {
                    thread.at = at as u16;
                    return Ok(());
                }
            }
        }
        panic!("{}: a loop that never meets memory", program.name);
    }

    fn reduce(&self, state: &mut State<L>) {
        if self.machine.reduce {
            state.reduce(&self.outlooks);
        }
    }

    fn copy(&mut self, state: &State<L>) -> State<L> {
        match self.spare.pop() {
            Some(mut copy) => {
                copy.copy_from(state);
                copy
            }
            None => state.clone(),
        }
    }
}

/// A process reads the message at `index`; gives its value.
fn read<const L: usize>(
    state: &mut State<L>,
    process: usize,
    location: usize,
    index: usize,
    acquire: bool,
) -> Word {
    let message = state.memory.history(location)[index];
    let thread = &mut state.threads[process];
    thread.current.raise(location, index);
    thread.acquired.raise(location, index);
    thread.acquired.join(&message.view);
    if acquire {
        thread.current.join(&message.view);
    }
    message.value
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
