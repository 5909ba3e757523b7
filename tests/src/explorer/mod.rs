//! explorer
mod ahead;
mod expression;
mod fingerprint;
mod machine;
mod memory;
mod program;
mod search;
mod state;
mod step;
mod trace;
pub mod verdict;

pub use expression::{Compare, Expression, Operator, Register, Word};
pub use machine::{Machine, Moment, Process};
pub use program::{Label, Place, Program, Words};
pub use search::{Explored, Failure};
pub use state::Status;
pub use trace::Trace;

pub mod models;
