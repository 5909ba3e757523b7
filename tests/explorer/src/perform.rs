//! What one instruction can do: one successor for each message it may read or place it may write.

use std::sync::atomic::Ordering;

use crate::access::Write;
use crate::expression::{Expression, Register, Word};
use crate::instruction::{Instruction, Place, acquires};
use crate::state::Status;
use crate::step::{Broken, Move, Stepper};
use crate::trace::Event;

impl<const L: usize> Stepper<'_, L> {
    /// Adds every outcome of the process's next instruction.
    pub(super) fn perform(&mut self, step: &mut Move<'_, L>) -> Result<(), Broken> {
        let machine = self.machine;
        match &machine.programs[step.process].instructions[step.at()] {
            Instruction::Load { into, from, order, latest } => {
                self.load(step, *into, from, *order, *latest)
            }
            Instruction::Store { to, value, order } => self.store(step, to, value, *order),
            Instruction::CompareExchange { seen, at, expected, new, order } => {
                let expected = expected.value(step.registers());
                self.exchange(step, *seen, at, Some(expected), new, *order)
            }
            Instruction::Modify { seen, at, new, order } => {
                self.exchange(step, *seen, at, None, new, *order)
            }
            Instruction::Fence { order } => {
                let mut next = self.copy(step.before);
                next.fence(step.process, *order);
                self.arrive(step, next, Event::Fenced)
            }
            Instruction::HeavyFence => {
                let mut next = self.copy(step.before);
                let accept = |process: &usize| machine.programs[*process].accepts_heavy_fences;
                next.heavy_fence(step.process, (0..machine.programs.len()).filter(accept));
                self.arrive(step, next, Event::Fenced)
            }
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
        let location = from.location(step.registers());
        let mut readable = step.before.readable(step.process, location);
        if latest {
            readable = *readable.end()..=*readable.end();
        }
        for index in readable {
            let mut next = self.copy(step.before);
            let value = next.read(step.process, location, index, acquires(order));
            next.threads[step.process].set(into, value);
            let newer = step.newer(location, index + 1);
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
        let location = to.location(step.registers());
        let value = value.value(step.registers());
        for before in step.before.readable(step.process, location) {
            if step.before.is_taken(location, before) {
                continue;
            }
            let index = before + 1;
            let mut next = self.copy(step.before);
            next.make_room(location, index);
            next.write(step.process, location, Write { index, value, order, carried: None });
            let newer = step.newer(location, index);
            let event = Event::Wrote { location: location as u8, value, newer };
            self.arrive_with(step, next, event, location)?;
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
        let location = at.location(step.registers());
        let (process, place) = (step.process, location as u8);
        for index in step.before.readable(process, location) {
            let old = step.before.memory.history(location)[index].value;
            let mut next = self.copy(step.before);
            if expected.is_some_and(|expected| expected != old) {
                next.read(process, location, index, false);
                next.threads[process].set(seen, old);
                let newer = step.newer(location, index + 1);
                let event = Event::Refused { location: place, value: old, newer };
                self.arrive(step, next, event)?;
            } else if step.before.is_taken(location, index) {
                self.recycle(next);
            } else {
                next.make_room(location, index + 1);
                let carried = Some(next.memory.history(location)[index].view);
                next.read(process, location, index, acquires(order));
                // A compare-exchange computes what it stores before it knows what it sees, the
                // others from what they see.
                let value = match expected {
                    Some(_) => new.value(step.registers()),
                    None => {
                        next.threads[process].set(seen, old);
                        new.value(&next.threads[process].registers)
                    }
                };
                next.threads[process].set(seen, old);
                next.write(process, location, Write { index: index + 1, value, order, carried });
                let event = Event::Exchanged { location: place, old, new: value };
                self.arrive_with(step, next, event, location)?;
            }
        }
        Ok(())
    }

    fn sleep(
        &mut self,
        step: &mut Move<'_, L>,
        on: &Place,
        value: &Expression,
        slices: bool,
    ) -> Result<(), Broken> {
        let location = on.location(step.registers());
        let latest = step.before.memory.latest(location).value;
        let mut next = self.copy(step.before);
        // The kernel looks on behalf of the process, so what it loads later is nothing older.
        next.see_latest(step.process, location);
        let place = location as u8;
        if latest == value.value(step.registers()) {
            next.threads[step.process].status = Status::Asleep { location: place, slices };
            self.stay(step, next, Event::FellAsleep { location: place });
            return Ok(());
        }
        self.arrive(step, next, Event::StayedAwake { location: place, value: latest })
    }

    fn wake(&mut self, step: &mut Move<'_, L>, on: &Place, all: bool) -> Result<(), Broken> {
        let place = on.location(step.registers()) as u8;
        let sleeps = |process: &usize| {
            let status = step.before.threads[*process].status;
            matches!(status, Status::Asleep { location, .. } if location == place)
        };
        let sleepers: Vec<usize> = (0..step.before.threads.len()).filter(sleeps).collect();
        if all || sleepers.is_empty() {
            return self.wake_these(step, place, &sleepers);
        }
        sleepers.iter().try_for_each(|&sleeper| self.wake_these(step, place, &[sleeper]))
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
            next.threads[step.process].set(into, value);
            self.arrive(step, next, Event::Chose { value })?;
        }
        Ok(())
    }
}
