//! Changing a number in each of two of 8 fields as one, by size of a field.

use anyhow::Result;

use super::alone::compare;
use crate::ability::FIELDS;
use crate::question::{Axis, Question, TIME};
use crate::sizes;
use crate::worker::Worker;

/// The question.
pub const QUESTION: Question = Question {
    name: "transaction",
    about: "Changing a number in each of two of 8 fields as one, by size of a field.",
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
