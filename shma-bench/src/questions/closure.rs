//! The same change in a closure that gets the whole value, as it is and to change.

use super::alone::values::{MIXED, compare_values};
use crate::question::{Axis, Question, TIME};
use crate::sizes;

/// The question.
pub const QUESTION: Question = Question {
    name: "closure",
    about: "The same change in a closure that gets the whole value, as it is and to change.",
    axis: Axis::Bytes,
    measures: TIME,
    cases: |effort| effort.sizes(&sizes::FEW, &sizes::ALL),
    processes: |_| 1,
    counts: false,
    measure: |worker| {
        compare_values(worker, |store, buffer, times| store.update(buffer, times), MIXED)
    },
};
