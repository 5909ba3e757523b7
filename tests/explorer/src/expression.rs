//! What a process can compute without touching memory.

use std::ops::{Add, BitAnd, BitOr, BitXor, Mul, Rem, Shl, Shr, Sub};

/// The one type of value: a word of memory or a register. All arithmetic wraps.
pub type Word = u16;

/// A register of one process, named when it is made ([`Program::register`](super::Program::register)).
#[derive(Clone, Copy, Debug)]
pub struct Register(pub(super) u8);

/// A value computed from constants and registers: `(v + 1) % 4`.
#[derive(Clone, Debug)]
pub enum Expression {
    /// The same always.
    Constant(Word),
    /// What the register holds.
    Register(Register),
    /// An operator between two values.
    Apply(Operator, Box<(Expression, Expression)>),
}

/// The operators of [`Expression`]; comparisons give 1 or 0.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Remainder,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
    Is,
    IsNot,
    Exceeds,
}

impl Operator {
    fn apply(self, a: Word, b: Word) -> Word {
        match self {
            Operator::Add => a.wrapping_add(b),
            Operator::Subtract => a.wrapping_sub(b),
            Operator::Multiply => a.wrapping_mul(b),
            Operator::Remainder => a % b,
            Operator::And => a & b,
            Operator::Or => a | b,
            Operator::Xor => a ^ b,
            Operator::ShiftLeft => a << b,
            Operator::ShiftRight => a >> b,
            Operator::Is => Word::from(a == b),
            Operator::IsNot => Word::from(a != b),
            Operator::Exceeds => Word::from(a > b),
        }
    }
}

impl Expression {
    pub(super) fn value(&self, registers: &[Word]) -> Word {
        match self {
            Expression::Constant(value) => *value,
            Expression::Register(register) => registers[usize::from(register.0)],
            Expression::Apply(operator, operands) => {
                operator.apply(operands.0.value(registers), operands.1.value(registers))
            }
        }
    }

    /// The registers it reads, as a set of bits.
    pub(super) fn reads(&self) -> u32 {
        match self {
            Expression::Constant(_) => 0,
            Expression::Register(register) => register.bit(),
            Expression::Apply(_, operands) => operands.0.reads() | operands.1.reads(),
        }
    }
}

impl Register {
    pub(super) fn bit(self) -> u32 {
        1 << self.0
    }
}

impl From<Word> for Expression {
    fn from(value: Word) -> Self {
        Expression::Constant(value)
    }
}

impl From<Register> for Expression {
    fn from(register: Register) -> Self {
        Expression::Register(register)
    }
}

fn apply(operator: Operator, a: impl Into<Expression>, b: impl Into<Expression>) -> Expression {
    Expression::Apply(operator, Box::new((a.into(), b.into())))
}

/// Comparisons, on registers and on expressions; each gives 1 or 0.
pub trait Compare: Into<Expression> {
    /// `self == other`
    fn is(self, other: impl Into<Expression>) -> Expression {
        apply(Operator::Is, self, other)
    }

    /// `self != other`
    fn differs(self, other: impl Into<Expression>) -> Expression {
        apply(Operator::IsNot, self, other)
    }

    /// `self > other`, unsigned
    fn exceeds(self, other: impl Into<Expression>) -> Expression {
        apply(Operator::Exceeds, self, other)
    }
}

impl Compare for Register {}
impl Compare for Expression {}

macro_rules! operators {
    ($($trait:ident :: $method:ident => $operator:ident),* $(,)?) => { $(
        impl<T: Into<Expression>> $trait<T> for Register {
            type Output = Expression;
            fn $method(self, other: T) -> Expression {
                apply(Operator::$operator, self, other)
            }
        }
        impl<T: Into<Expression>> $trait<T> for Expression {
            type Output = Expression;
            fn $method(self, other: T) -> Expression {
                apply(Operator::$operator, self, other)
            }
        }
    )* };
}

operators! {
    Add::add => Add,
    Sub::sub => Subtract,
    Mul::mul => Multiply,
    Rem::rem => Remainder,
    BitAnd::bitand => And,
    BitOr::bitor => Or,
    BitXor::bitxor => Xor,
    Shl::shl => ShiftLeft,
    Shr::shr => ShiftRight,
}
