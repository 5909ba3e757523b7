//! Instructions, and the places in memory that they name.

use std::sync::atomic::Ordering;

use crate::expression::{Expression, Register, Word};

/// Some consecutive words of memory under one name; a single one converts to its [`Place`].
#[derive(Clone, Copy, Debug)]
pub struct Words {
    pub(super) first: u8,
    pub(super) count: u8,
}

impl Words {
    /// The word at a computed index.
    pub fn at(self, index: impl Into<Expression>) -> Place {
        Place { words: self, index: index.into() }
    }
}

/// One word of memory, its index computed when the instruction runs.
#[derive(Clone, Debug)]
pub struct Place {
    pub(super) words: Words,
    index: Expression,
}

impl From<Words> for Place {
    fn from(words: Words) -> Self {
        assert_eq!(words.count, 1, "an array needs an index: use `at`");
        words.at(0)
    }
}

impl Place {
    pub(super) fn location(&self, registers: &[Word]) -> usize {
        let index = self.index.value(registers);
        assert!(index < Word::from(self.words.count), "index {index} of {:?}", self.words);
        usize::from(self.words.first) + usize::from(index)
    }

    pub(super) fn reads(&self) -> u32 {
        self.index.reads()
    }

    /// Every location this may turn out to be, as a set of bits.
    pub(super) fn may_be(&self) -> u64 {
        let one = |at: u16| 1 << (u16::from(self.words.first) + at);
        match self.index {
            Expression::Constant(index) => one(index),
            _ => (0..u16::from(self.words.count)).map(one).fold(0, |set, bit| set | bit),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Instruction {
    Load {
        into: Register,
        from: Place,
        order: Ordering,
        latest: bool,
    },
    Store {
        to: Place,
        value: Expression,
        order: Ordering,
    },
    CompareExchange {
        seen: Register,
        at: Place,
        expected: Expression,
        new: Expression,
        order: Ordering,
    },
    Modify {
        seen: Register,
        at: Place,
        new: Expression,
        order: Ordering,
    },
    Fence {
        order: Ordering,
    },
    HeavyFence,
    Sleep {
        on: Place,
        value: Expression,
        slices: bool,
    },
    Wake {
        on: Place,
        all: bool,
    },
    Choose {
        into: Register,
        below: Word,
    },
    Set {
        into: Register,
        value: Expression,
    },
    JumpIf {
        condition: Expression,
        to: Label,
    },
    Check {
        condition: Expression,
        otherwise: String,
    },
    End,
}

impl Instruction {
    pub(super) fn place(&self) -> Option<&Place> {
        match self {
            Instruction::Load { from: place, .. }
            | Instruction::Store { to: place, .. }
            | Instruction::CompareExchange { at: place, .. }
            | Instruction::Modify { at: place, .. }
            | Instruction::Sleep { on: place, .. }
            | Instruction::Wake { on: place, .. } => Some(place),
            _ => None,
        }
    }

    /// Has no meeting with other processes: it is run together with the step before it.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Instruction::Fence { order } => *order != Ordering::SeqCst,
            Instruction::Set { .. }
            | Instruction::JumpIf { .. }
            | Instruction::Check { .. }
            | Instruction::End => true,
            _ => false,
        }
    }
}

/// A place in a program to jump to.
#[derive(Clone, Copy, Debug)]
pub struct Label(pub(super) usize);

/// Does the load, or the load half of a read-modify-write, acquire?
pub(super) fn acquires(order: Ordering) -> bool {
    matches!(order, Ordering::Acquire | Ordering::AcqRel)
}

/// Does the store, or the store half of a read-modify-write, release?
pub(super) fn releases(order: Ordering) -> bool {
    matches!(order, Ordering::Release | Ordering::AcqRel)
}
