//! What a process can still do from each of its instructions on.
//!
//! Two states that differ only in what no later step reads are one state. This is the part
//! of that knowledge which follows from the program text alone.

use std::sync::atomic::Ordering;

use crate::expression::Expression;
use crate::instruction::{Instruction, Place, releases};
use crate::program::Program;

/// What lies ahead of one instruction, itself included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ahead {
    /// Registers that will be read before they are written.
    pub(super) registers: u32,
    /// 0 for locations whose older messages matter, because they may be loaded, or stored without
    /// a load; `u8::MAX` for the others.
    pub(super) indifferent: [u8; 64],
    /// Locations that will be read in any way.
    pub(super) read: u64,
    /// An acquire fence may turn what relaxed loads have seen into knowledge.
    pub(super) acquire_fence: bool,
    /// A relaxed store may carry what the last release fence knew.
    pub(super) relaxed_store: bool,
    /// A sequentially consistent fence may come.
    pub(super) total_fence: bool,
}

impl Ahead {
    /// The process has come to its end.
    pub(super) const NOTHING: Self = Ahead {
        registers: 0,
        indifferent: [u8::MAX; 64],
        read: 0,
        acquire_fence: false,
        relaxed_store: false,
        total_fence: false,
    };

    fn join(self, other: Ahead) -> Ahead {
        let both = |at| self.indifferent[at] & other.indifferent[at];
        Ahead {
            registers: self.registers | other.registers,
            indifferent: std::array::from_fn(both),
            read: self.read | other.read,
            acquire_fence: self.acquire_fence | other.acquire_fence,
            relaxed_store: self.relaxed_store | other.relaxed_store,
            total_fence: self.total_fence | other.total_fence,
        }
    }

    fn order(&mut self, place: &Place) {
        let may_be = place.may_be();
        for (at, indifferent) in self.indifferent.iter_mut().enumerate() {
            if may_be & (1 << at) != 0 {
                *indifferent = 0;
            }
        }
    }

    /// What lies ahead of `instruction`, given what lies behind it.
    fn before(self, instruction: &Instruction) -> Ahead {
        let mut ahead = self;
        match instruction {
            Instruction::Load { into, from, latest, .. } => {
                ahead.registers &= !into.bit();
                ahead.registers |= from.reads();
                ahead.read |= from.may_be();
                if !latest {
                    ahead.order(from);
                }
            }
            Instruction::Store { to, value, order } => {
                ahead.registers |= to.reads() | value.reads();
                ahead.order(to);
                ahead.relaxed_store |= *order == Ordering::Relaxed;
            }
            Instruction::CompareExchange { seen, at, expected, new, order } => {
                ahead.registers &= !seen.bit();
                ahead.registers |= at.reads() | expected.reads() | new.reads();
                ahead.order(at);
                ahead.read |= at.may_be();
                ahead.relaxed_store |= !releases(*order);
            }
            Instruction::Modify { seen, at, new, order } => {
                ahead.registers &= !seen.bit();
                ahead.registers |= at.reads() | (new.reads() & !seen.bit());
                ahead.order(at);
                ahead.read |= at.may_be();
                ahead.relaxed_store |= !releases(*order);
            }
            Instruction::HeavyFence => {
                ahead.acquire_fence = true;
                ahead.total_fence = true;
            }
            Instruction::Fence { order } => {
                if matches!(order, Ordering::Release | Ordering::SeqCst) {
                    ahead.relaxed_store = false;
                }
                ahead.acquire_fence |= matches!(order, Ordering::Acquire | Ordering::SeqCst);
                ahead.total_fence |= *order == Ordering::SeqCst;
            }
            Instruction::Sleep { on, value, .. } => {
                ahead.registers |= on.reads() | value.reads();
                ahead.read |= on.may_be();
            }
            Instruction::Wake { on, .. } => ahead.registers |= on.reads(),
            Instruction::Choose { into, .. } => ahead.registers &= !into.bit(),
            Instruction::Set { into, value } => {
                ahead.registers &= !into.bit();
                ahead.registers |= value.reads();
            }
            Instruction::JumpIf { condition, .. } | Instruction::Check { condition, .. } => {
                ahead.registers |= condition.reads();
            }
            Instruction::End => ahead = Ahead::NOTHING,
        }
        ahead
    }
}

/// One [`Ahead`] for each instruction: the least solution of the backward equations.
pub(super) fn analyse(program: &Program) -> Vec<Ahead> {
    let mut ahead = vec![Ahead::NOTHING; program.instructions.len()];
    loop {
        let mut changed = false;
        for at in (0..ahead.len()).rev() {
            let instruction = &program.instructions[at];
            let after = followers(program, at)
                .into_iter()
                .flatten()
                .fold(Ahead::NOTHING, |joined, next| joined.join(ahead[next]));
            let now = after.before(instruction);
            changed |= now != ahead[at];
            ahead[at] = now;
        }
        if !changed {
            break;
        }
    }
    for ahead in &mut ahead {
        ahead.registers |= program.kept;
    }
    ahead
}

fn followers(program: &Program, at: usize) -> [Option<usize>; 2] {
    match &program.instructions[at] {
        Instruction::End => [None, None],
        Instruction::JumpIf { condition: Expression::Constant(1), to } => {
            [Some(program.target(*to)), None]
        }
        Instruction::JumpIf { to, .. } => [Some(program.target(*to)), Some(at + 1)],
        _ => [Some(at + 1), None],
    }
}
