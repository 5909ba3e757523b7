//! Making a large value, and attaching to it from another process.

use std::time::Instant;

use anyhow::Result;
use libc::RUSAGE_SELF;

use crate::question::{Axis, Measure, Question};
use crate::sizes;
use crate::worker::{Worker, check_memory};

/// Large values are made this often only.
const ROUNDS: [usize; 2] = [3, 5];

/// The question.
pub const QUESTION: Question = Question {
    name: "attach",
    about: "Making a value of zeroes, and attaching to it from another process.",
    axis: Axis::Bytes,
    measures: &[
        Measure { name: "create", unit: "ns", about: "of making it" },
        Measure { name: "open", unit: "ns", about: "of attaching" },
        Measure { name: "faults", unit: "pages", about: "that attaching touches" },
    ],
    cases: |effort| {
        let some = [sizes::ALL[0], sizes::ALL[5], sizes::ALL[10], sizes::LARGEST];
        effort.sizes(&some[..3], &some)
    },
    processes: |_| 2,
    counts: false,
    measure,
};

fn measure(worker: &Worker) -> Result<()> {
    let rounds = ROUNDS[usize::from(!worker.effort.is_hasty())];
    for (peer, mut place) in worker.peers(worker.job.case) {
        let name = place.name.clone();
        for round in 0..rounds {
            place.name = format!("{name}-{round}");
            let mut made = None;
            let start = Instant::now();
            let mut able = Ok(());
            if worker.leads() {
                let memory = check_memory(peer.copies(), worker.job.case);
                able = memory.and_then(|()| peer.create(&place)).map(|store| {
                    worker.tell(peer, "create", start.elapsed().as_nanos() as f64);
                    made = Some(store);
                });
            }
            if worker.processes.agree(able.is_ok()) && !worker.leads() {
                let (start, faults) = (Instant::now(), faults());
                able = peer.open(&place).map(|store| {
                    let took = start.elapsed();
                    worker.tell(peer, "faults", (self::faults() - faults) as f64);
                    worker.tell(peer, "open", took.as_nanos() as f64);
                    made = Some(store);
                });
            }
            if let Err(reason) = able {
                worker.refuse(peer, reason);
            }
            worker.processes.meet();
            // The process that attached drops its handle first.
            if !worker.leads() {
                made = None;
            }
            worker.processes.meet();
            drop(made);
            worker.processes.meet();
        }
        worker.step(worker.peers(0).len());
    }
    Ok(())
}

/// Page faults of this process so far that needed no disk.
///
/// `unsafe` in it: the C library's interface.
fn faults() -> i64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: room for the answer.
    let answer = unsafe { libc::getrusage(RUSAGE_SELF, usage.as_mut_ptr()) };
    assert_eq!(answer, 0, "the usage of this process is known");
    // SAFETY: filled in, and zeroes before.
    unsafe { usage.assume_init() }.ru_minflt
}
