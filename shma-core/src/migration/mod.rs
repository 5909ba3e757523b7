//! Values of another layout: what can be copied is, by name and type.
//!
//! | module | holds |
//! |---|---|
//! | [`source`] | where old values come from: a file, or a region |
//! | [`plan`] | what becomes of each field |
//! | [`part`] | copying the part that two shapes have in common |
//! | [`report`] | [`Migration`], the plan as it is told |

mod part;
mod plan;
mod report;
mod source;

pub(crate) use plan::Plan;
pub use report::Migration;
pub(crate) use source::{Source, Values};
