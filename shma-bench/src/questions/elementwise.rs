//! Changing a whole value element by element, exclusively.

use super::alone::values::{MIXED, compare_values};
use crate::question::{Axis, Question, TIME};
use crate::sizes;

/// The question.
pub const QUESTION: Question = Question {
    name: "elementwise",
    about: "Changing a whole value element by element, exclusively.",
    axis: Axis::Bytes,
    measures: TIME,
    cases: |effort| effort.sizes(&sizes::FEW, &sizes::ALL),
    processes: |_| 1,
    counts: false,
    measure: |worker| {
        compare_values(worker, |store, buffer, times| store.update_with(buffer, times), MIXED)
    },
};
