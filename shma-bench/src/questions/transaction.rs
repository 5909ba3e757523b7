//! Changing a number in each of two of 8 fields as one, by size of a field.

use anyhow::Result;

use super::alone::compare;
use super::{Axis, Measure, Question, TIME};
use crate::ability::FIELDS;
use crate::effort::Effort;
use crate::sizes;
use crate::worker::Worker;

/// The question.
pub struct Transaction;

impl Question for Transaction {
    fn name(&self) -> &'static str {
        "transaction"
    }

    fn about(&self) -> &'static str {
        "Changing a number in each of two of 8 fields as one, by size of a field."
    }

    fn axis(&self) -> Axis {
        Axis::Bytes
    }

    fn measures(&self) -> &'static [Measure] {
        TIME
    }

    fn cases(&self, _: Effort) -> Vec<u64> {
        sizes::GROUPED.to_vec()
    }

    fn measure(&self, worker: &Worker) -> Result<()> {
        compare(
            worker,
            worker.job.case,
            |peer, place| peer.create_group(place),
            |peer, group| {
                group.transaction(1)?;
                let mut expected = [0.0; FIELDS];
                (expected[0], expected[FIELDS - 1]) = (1.0, 1.0);
                assert_eq!(group.peek()?, expected, "{}: wrong numbers", peer.name());
                Ok(())
            },
            |group, times| group.transaction(times),
        );
        Ok(())
    }
}
