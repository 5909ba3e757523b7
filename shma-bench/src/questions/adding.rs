//! Several processes add to one small value: how many calls they make, and the share of each.

use std::collections::BTreeMap;

use anyhow::Result;

use super::together::{Shared, gather, take_turns};
use crate::ability::Peer;
use crate::buffer::Buffer;
use crate::question::{Axis, Measure, Question};
use crate::worker::Worker;

/// Calls between two looks at the clock.
const CHUNK: u64 = 32;

/// What is told of several processes that do the same.
pub const SHARES: &[Measure] = &[
    Measure { name: "calls", unit: "1/s", about: "of all processes together" },
    Measure { name: "least share", unit: "of its part", about: "of the process that got least" },
    Measure { name: "largest share", unit: "of its part", about: "of the process that got most" },
];

/// The question.
pub const QUESTION: Question = Question {
    name: "adding",
    about: "Several processes add 1 to the same 64 bytes.",
    axis: Axis::Processes,
    measures: SHARES,
    cases: |effort| effort.sizes(&[2, 4], &[1, 2, 3, 4, 6, 8]),
    processes: |case| case as usize,
    counts: false,
    measure,
};

fn measure(worker: &Worker) -> Result<()> {
    let contestants = gather(
        worker,
        64,
        |peer, place| peer.create(place),
        |peer, place| peer.open(place),
        |store, _| store.add(1),
    );
    // Each process has added once, to see whether it can.
    let mut sums = BTreeMap::new();
    let left = take_turns(worker, 64, contestants, |Shared { peer, subject }, mishap| {
        let done = turn(worker, *peer, || mishap.count(subject.add(CHUNK), CHUNK));
        *sums.entry(peer.name()).or_insert(worker.processes.size as f64) += done;
    });
    for Shared { peer, mut subject } in left {
        let mut value = Buffer::zeroed(64);
        assert!(subject.peek(&mut value).is_ok(), "{} cannot be looked at", peer.name());
        assert_eq!(value[..], [sums[peer.name()]; 8], "{}: updates are lost", peer.name());
        worker.processes.meet();
    }
    Ok(())
}

/// All processes work for a while; tells rates and shares, and returns the number of calls.
pub fn turn(worker: &Worker, peer: &dyn Peer, work: impl FnMut() -> u64) -> f64 {
    let (done, took) = worker.processes.work(worker.effort.window(), work);
    let rates = worker.processes.collect(done as f64 * 1e9 / took as f64);
    if worker.leads() {
        let total: f64 = rates.iter().sum();
        let part = total / rates.len() as f64;
        worker.tell(peer, "calls", total);
        let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
        let most = rates.iter().copied().fold(0.0, f64::max);
        worker.tell(peer, "least share", least / part);
        worker.tell(peer, "largest share", most / part);
    }
    worker.processes.collect(done as f64).iter().sum()
}
