//! The same change in a closure that gets the whole value, as it is and to change.

use anyhow::Result;

use super::alone::values::{MIXED, compare_values};
use super::{Axis, Measure, Question, TIME};
use crate::effort::Effort;
use crate::sizes;
use crate::worker::Worker;

/// The question.
pub struct Closure;

impl Question for Closure {
    fn name(&self) -> &'static str {
        "closure"
    }

    fn about(&self) -> &'static str {
        "The same change in a closure that gets the whole value, as it is and to change."
    }

    fn axis(&self) -> Axis {
        Axis::Bytes
    }

    fn measures(&self) -> &'static [Measure] {
        TIME
    }

    fn cases(&self, effort: Effort) -> Vec<u64> {
        effort.sizes(&sizes::FEW, &sizes::ALL)
    }

    fn measure(&self, worker: &Worker) -> Result<()> {
        compare_values(worker, |store, buffer, times| store.update(buffer, times), MIXED)
    }
}
