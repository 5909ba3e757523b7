//! Copying a whole value that no process changes meanwhile.

use super::alone::values::{UNCHANGED, compare_values};
use crate::question::{Axis, Question, TIME};
use crate::sizes;

/// The question.
pub const QUESTION: Question = Question {
    name: "read",
    about: "Copying a whole value that no process changes meanwhile.",
    axis: Axis::Bytes,
    measures: TIME,
    cases: |effort| effort.sizes(&sizes::FEW, &sizes::ALL),
    processes: |_| 1,
    counts: false,
    measure: |worker| {
        compare_values(worker, |store, buffer, times| store.read(buffer, times), UNCHANGED)
    },
};
