//! Replacing a whole value again and again, by the one process that writes it.

use super::alone::values::{REPLACED, compare_values};
use crate::question::{Axis, Question, TIME};
use crate::sizes;

/// The question.
pub const QUESTION: Question = Question {
    name: "writer",
    about: "Replacing a whole value again and again, by the one process that writes it.",
    axis: Axis::Bytes,
    measures: TIME,
    cases: |effort| effort.sizes(&sizes::FEW, &sizes::ALL),
    processes: |_| 1,
    counts: false,
    measure: |worker| {
        compare_values(worker, |store, buffer, times| store.write_kept(buffer, times), REPLACED)
    },
};
