//! Changing 64 bytes of a larger value.

use anyhow::Result;

use super::alone::compare;
use crate::buffer::Buffer;
use crate::question::{Axis, Question, TIME};
use crate::sizes;
use crate::worker::{Worker, check_memory};

/// The question.
pub const QUESTION: Question = Question {
    name: "parts",
    about: "Changing 64 bytes in the middle of a larger value, after other such changes.",
    axis: Axis::Bytes,
    measures: TIME,
    cases: |effort| effort.sizes(&[sizes::ALL[5], sizes::ALL[7], sizes::ALL[10]], &sizes::ALL[5..]),
    processes: |_| 1,
    counts: false,
    measure,
};

fn measure(worker: &Worker) -> Result<()> {
    let bytes = worker.job.case;
    let first = bytes as usize / 16;
    compare(
        worker,
        bytes,
        |peer, place| {
            check_memory(peer.copies() + 1, bytes)?;
            peer.create(place)
        },
        |peer, store| {
            store.add_part(first, 1)?;
            let mut value = Buffer::zeroed(bytes);
            store.peek(&mut value)?;
            let ones = first..first + 8;
            let right = |(index, number): (usize, &f64)| {
                *number == f64::from(u8::from(ones.contains(&index)))
            };
            assert!(value.iter().enumerate().all(right), "{}: wrong numbers", peer.name());
            Ok(())
        },
        |store, times| store.add_part(first, times),
    );
    Ok(())
}
