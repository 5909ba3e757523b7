//! Replacing a whole value.

use anyhow::Result;

use super::alone::values::{REPLACED, compare_values};
use super::{Axis, Measure, Question, TIME};
use crate::effort::Effort;
use crate::sizes;
use crate::worker::Worker;

/// The question.
pub struct Write;

impl Question for Write {
    fn name(&self) -> &'static str {
        "write"
    }

    fn about(&self) -> &'static str {
        "Replacing a whole value."
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
        compare_values(worker, |store, buffer, times| store.write(buffer, times), REPLACED)
    }
}
