//! Several processes update a whole state, field after field: whether they keep out of each other's
//! way.

use anyhow::Result;

use super::adding::{SHARES, turn};
use super::together::{Shared, gather, take_turns};
use crate::question::{Axis, Question};
use crate::sizes;
use crate::worker::Worker;

/// Bytes of each field.
const BYTES: u64 = sizes::ALL[7];

/// The question.
pub const QUESTION: Question = Question {
    name: "pipeline",
    about: "Several processes change a state of 8 fields of 1 MiB element by element, field after field.",
    axis: Axis::Processes,
    measures: SHARES,
    cases: |effort| effort.sizes(&[1, 2], &[1, 2, 3, 4, 6, 8]),
    processes: |case| case as usize,
    counts: false,
    measure,
};

fn measure(worker: &Worker) -> Result<()> {
    let contestants = gather(
        worker,
        BYTES,
        |peer, place| {
            let mut group = peer.create_group(place)?;
            group.update_all(1)?;
            assert_eq!(group.peek()?, [0.5; 8], "{}: wrong numbers", peer.name());
            Ok(group)
        },
        |peer, place| peer.open_group(place),
        |group, _| group.update_all(1),
    );
    let left = take_turns(worker, BYTES, contestants, |Shared { peer, subject }, mishap| {
        turn(worker, *peer, || mishap.count(subject.update_all(1), 1));
    });
    worker.processes.meet();
    drop(left);
    Ok(())
}
