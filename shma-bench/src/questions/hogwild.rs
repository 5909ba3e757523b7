//! Adding to a whole value number by number, in place.

use super::alone::values::{ADDED, compare_values};
use crate::question::{Axis, Question, TIME};
use crate::sizes;

/// The question.
pub const QUESTION: Question = Question {
    name: "hogwild",
    about: "Adding to all numbers of a value in place.",
    axis: Axis::Bytes,
    measures: TIME,
    cases: |effort| effort.sizes(&sizes::FEW, &sizes::IN_PLACE),
    processes: |_| 1,
    counts: false,
    measure: |worker| {
        compare_values(worker, |store, buffer, times| store.add_each(buffer, times), ADDED)
    },
};
