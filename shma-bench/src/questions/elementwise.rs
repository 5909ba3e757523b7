//! Changing a whole value element by element, exclusively.

use anyhow::Result;

use super::alone::values::{MIXED, compare_values};
use super::{Axis, Measure, Question, TIME};
use crate::effort::Effort;
use crate::sizes;
use crate::worker::Worker;

/// The question.
pub struct Elementwise;

impl Question for Elementwise {
    fn name(&self) -> &'static str {
        "elementwise"
    }

    fn about(&self) -> &'static str {
        "Changing a whole value element by element, exclusively."
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
        compare_values(worker, |store, buffer, times| store.update_with(buffer, times), MIXED)
    }
}
