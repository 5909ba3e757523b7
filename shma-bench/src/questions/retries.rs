//! How often a read has to start again, beside a writer that never pauses. The library counts the
//! bytes that it copies, if it was built to, so this question has a program of its own.

use anyhow::Result;

use super::beside::{calls, check_whole, gather_values};
use super::together::Shared;
use crate::buffer::Buffer;
use crate::question::{Axis, Measure, Question};
use crate::sizes;
use crate::worker::Worker;

/// The question.
pub const QUESTION: Question = Question {
    name: "retries",
    about: "How often a read starts again beside a writer that never pauses.",
    axis: Axis::Bytes,
    measures: &[Measure {
        name: "retries",
        unit: "per read",
        about: "in vain, before the last try",
    }],
    cases: |effort| effort.sizes(&sizes::FEW[..4], &sizes::ALL[..10]),
    processes: |_| 2,
    counts: true,
    measure,
};

fn measure(worker: &Worker) -> Result<()> {
    let bytes = worker.job.case;
    let mut pair = [1.0, 2.0].map(|number| Buffer::filled(bytes, |_| number));
    let contestants = gather_values(worker, &pair[0]);
    let rounds = worker.effort.rounds(bytes);
    for Shared { peer, mut subject } in contestants {
        let times = calls(bytes);
        for _ in 0..rounds {
            if worker.leads() {
                worker.processes.work(worker.effort.window(), || {
                    for value in &pair {
                        subject.write(value, times).expect("it could when it was tried");
                    }
                    2 * times
                });
                continue;
            }
            subject.retries(1);
            let (reads, _) = worker.processes.work(worker.effort.window(), || {
                subject.read(&mut pair[0], times).expect("it could when it was tried");
                times
            });
            check_whole(peer.name(), &pair[0]);
            if let Some(retries) = subject.retries(reads) {
                worker.tell(peer, "retries", retries);
            }
        }
        worker.step(rounds);
        worker.processes.meet();
    }
    Ok(())
}
