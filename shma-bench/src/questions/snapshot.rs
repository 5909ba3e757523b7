//! Copying 8 fields as they stood at one instant, by size of a field.

use anyhow::Result;

use super::alone::compare;
use crate::ability::FIELDS;
use crate::question::{Axis, Question, TIME};
use crate::sizes;
use crate::worker::Worker;

/// The question.
pub const QUESTION: Question = Question {
    name: "snapshot",
    about: "Copying 8 fields as they stood at one instant, by size of a field.",
    axis: Axis::Bytes,
    measures: TIME,
    cases: |_| sizes::GROUPED.to_vec(),
    processes: |_| 1,
    counts: false,
    measure,
};

fn measure(worker: &Worker) -> Result<()> {
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
