//! Several processes add to a small value each, of one state.

use anyhow::Result;

use super::adding::{SHARES, turn};
use super::together::{Shared, gather, take_turns};
use crate::ability::FIELDS;
use crate::question::{Axis, Question};
use crate::worker::Worker;

/// Calls between two looks at the clock.
const CHUNK: u64 = 32;

/// The question.
pub const QUESTION: Question = Question {
    name: "apart",
    about: "Several processes add 1 to 64 bytes each, in different fields of one state.",
    axis: Axis::Processes,
    measures: SHARES,
    cases: |effort| effort.sizes(&[2, 4], &[1, 2, 3, 4, 6, 8]),
    processes: |case| case as usize,
    counts: false,
    measure,
};

fn measure(worker: &Worker) -> Result<()> {
    let own = worker.processes.rank % FIELDS;
    let contestants = gather(
        worker,
        64,
        |peer, place| peer.create_group(place),
        |peer, place| peer.open_group(place),
        |group, _| {
            let before = group.peek()?[own];
            group.add(own, 1)?;
            assert_eq!(group.peek()?[own], before + 1.0, "an update is lost");
            Ok(())
        },
    );
    let left = take_turns(worker, 64, contestants, |Shared { peer, subject }, mishap| {
        turn(worker, *peer, || mishap.count(subject.add(own, CHUNK), CHUNK));
    });
    worker.processes.meet();
    drop(left);
    Ok(())
}
