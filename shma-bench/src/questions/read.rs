//! Copying a whole value that nobody changes meanwhile.

use anyhow::Result;

use super::alone::values::{UNCHANGED, compare_values};
use super::{Axis, Measure, Question, TIME};
use crate::effort::Effort;
use crate::sizes;
use crate::worker::Worker;

/// The question.
pub struct Read;

impl Question for Read {
    fn name(&self) -> &'static str {
        "read"
    }

    fn about(&self) -> &'static str {
        "Copying a whole value that nobody changes meanwhile."
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
        compare_values(worker, |store, buffer, times| store.read(buffer, times), UNCHANGED)
    }
}
