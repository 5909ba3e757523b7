//! The steps that led to a state, and how they are printed.

use std::fmt;

use crate::expression::Word;
use crate::instruction::Instruction;
use crate::machine::Machine;
use crate::program::Program;

/// One step of one process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) process: u8,
    pub(super) at: u16,
    pub(super) event: Event,
}

/// What the step did; `newer` counts messages behind the one read or written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Read { location: u8, value: Word, newer: u8 },
    Wrote { location: u8, value: Word, newer: u8 },
    Exchanged { location: u8, old: Word, new: Word },
    Refused { location: u8, value: Word, newer: u8 },
    Fenced,
    FellAsleep { location: u8 },
    StayedAwake { location: u8, value: Word },
    Woke { location: u8, count: u8 },
    Chose { value: Word },
    TimedOut,
    Killed,
}

/// The steps from the initial state on.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    lines: Vec<[String; 4]>,
}

impl Trace {
    pub(super) fn new(machine: &Machine, steps: &[Step]) -> Self {
        Trace { lines: steps.iter().map(|step| line(machine, step)).collect() }
    }

    /// The number of steps.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Nothing had happened yet.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

fn line(machine: &Machine, step: &Step) -> [String; 4] {
    let program = &machine.programs[usize::from(step.process)];
    let at = usize::from(step.at);
    let place = |location: u8| machine.location_name(usize::from(location));
    let unseen = |newer: u8| match newer {
        0 => String::new(),
        newer => format!("  ({newer} newer)"),
    };
    let what = match step.event {
        Event::Read { location, value, newer } => {
            format!("{} is {}{}", place(location), machine.show(location, value), unseen(newer))
        }
        Event::Wrote { location, value, newer } => {
            format!("{} := {}{}", place(location), machine.show(location, value), unseen(newer))
        }
        Event::Exchanged { location, old, new } => {
            let (old, new) = (machine.show(location, old), machine.show(location, new));
            format!("{} := {new}, was {old}", place(location))
        }
        Event::Refused { location, value, newer } => {
            format!("{} stays {}{}", place(location), machine.show(location, value), unseen(newer))
        }
        Event::Fenced => String::new(),
        Event::FellAsleep { location } => format!("sleeps on {}", place(location)),
        Event::StayedAwake { location, value } => {
            format!("does not sleep: {} is {}", place(location), machine.show(location, value))
        }
        Event::Woke { location, count } => format!("wakes {count} on {}", place(location)),
        Event::Chose { value } => format!("chooses {value}"),
        Event::TimedOut => "wakes by its time-out".into(),
        Event::Killed => "is killed".into(),
    };
    let how = match step.event {
        Event::Read { .. }
        | Event::Wrote { .. }
        | Event::Exchanged { .. }
        | Event::Refused { .. }
        | Event::Fenced => operation(&program.instructions[at]),
        _ => String::new(),
    };
    [program.name.clone(), program.steps[at].into(), what, how]
}

/// What an instruction does, whichever process runs it: `begin, store Relaxed, slot`.
pub(super) fn describe(machine: &Machine, program: &Program, at: usize) -> String {
    let instruction = &program.instructions[at];
    let mut words = vec![program.steps[at].into(), operation(instruction)];
    words.extend(instruction.place().map(|place| machine.words_name(place).into()));
    words.retain(|word| !word.is_empty());
    words.join(", ")
}

fn operation(instruction: &Instruction) -> String {
    match instruction {
        Instruction::Load { order, latest: false, .. } => format!("load {order:?}"),
        Instruction::Load { .. } => "asks the kernel".into(),
        Instruction::Store { order, .. } => format!("store {order:?}"),
        Instruction::CompareExchange { order, .. } => format!("compare-exchange {order:?}"),
        Instruction::Modify { order, .. } => format!("read-modify-write {order:?}"),
        Instruction::Fence { order } => format!("fence {order:?}"),
        Instruction::HeavyFence => "heavy fence".to_owned(),
        Instruction::Sleep { .. } => "sleep".into(),
        Instruction::Wake { .. } => "wake".into(),
        _ => String::new(),
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| self.lines.iter().map(|line| line[column].len()).max();
        let [a, b, c] = [0, 1, 2].map(|column| width(column).unwrap_or(0));
        for (number, [who, step, what, how]) in self.lines.iter().enumerate() {
            let line = format!("{:>4}  {who:a$}  {step:b$}  {what:c$}  {how}", number + 1);
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
