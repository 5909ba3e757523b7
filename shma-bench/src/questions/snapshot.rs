//! Copying 8 fields as they stood at one instant, by size of a field.

use anyhow::Result;

use super::alone::compare;
use super::{Axis, Measure, Question, TIME};
use crate::ability::FIELDS;
use crate::effort::Effort;
use crate::sizes;
use crate::worker::Worker;

/// The question.
pub struct Snapshot;

impl Question for Snapshot {
    fn name(&self) -> &'static str {
        "snapshot"
    }

    fn about(&self) -> &'static str {
        "Copying 8 fields as they stood at one instant, by size of a field."
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
                (0..FIELDS).try_for_each(|field| group.add(field, field as u64))?;
                group.snapshot(1)?;
                let seen = group.copied()?;
                let expected = std::array::from_fn(|field| field as f64);
                assert_eq!(seen, expected, "{}: wrong numbers", peer.name());
                Ok(())
            },
            |group, times| group.snapshot(times),
        );
        Ok(())
    }
}
