//! What publishing costs if another process might wait for it and none does.

use anyhow::Result;

use super::alone::compare;
use crate::question::{Axis, Question, TIME};
use crate::worker::Worker;

/// The question.
pub const QUESTION: Question = Question {
    name: "publish",
    about: "Publishing one number of 8 bytes while no process waits for it.",
    axis: Axis::Bytes,
    measures: TIME,
    cases: |_| vec![8],
    processes: |_| 1,
    counts: false,
    measure,
};

fn measure(worker: &Worker) -> Result<()> {
    let mut number = 1;
    compare(
        worker,
        8,
        |peer, place| peer.create_bell(place),
        |peer, bell| {
            bell.ring(7, 1)?;
            assert_eq!(bell.look()?, 7, "{}: another number", peer.name());
            Ok(())
        },
        |bell, times| {
            number += 1;
            bell.ring(number, times)
        },
    );
    Ok(())
}
