//! How long it takes until another process knows.

use std::time::Duration;

use anyhow::Result;

use super::together::{Shared, gather, take_turns};
use crate::ability::{Bell, Unable};
use crate::processes::nanos;
use crate::question::{Axis, Question, TIME};
use crate::statistics::Summary;
use crate::worker::Worker;

/// The other one asks again and again.
pub const SPINNING: Question = Question {
    name: "latency-spinning",
    about: "From publishing to another process knowing, which looks all the time.",
    axis: Axis::Processes,
    measures: TIME,
    cases: |_| vec![2],
    processes: |case| case as usize,
    counts: false,
    measure: |worker| {
        let wait: Wait = |bell, last| loop {
            let number = bell.look()?;
            if number != last {
                return Ok(number);
            }
        };
        measure(worker, wait, Duration::from_micros(5))
    },
};

/// The other one sleeps.
pub const ASLEEP: Question = Question {
    name: "latency-asleep",
    about: "From publishing to another process knowing, which sleeps.",
    measure: |worker| measure(worker, |bell, last| bell.sleep(last), Duration::from_micros(100)),
    ..SPINNING
};

/// Waits for another number than the last one.
type Wait = fn(&mut dyn Bell, u64) -> Result<u64, Unable>;

/// `gap` is from the other one's readiness to the publication, long enough to fall asleep.
fn measure(worker: &Worker, wait: Wait, gap: Duration) -> Result<()> {
    let leads = worker.leads();
    let contestants = gather(
        worker,
        64,
        |peer, place| peer.create_bell(place),
        |peer, place| peer.open_bell(place),
        |bell, place| if leads { Ok(()) } else { bell.prepare(place) },
    );
    let left = take_turns(worker, 64, contestants, |Shared { peer, subject }, mishap| {
        worker.processes.leave(0);
        worker.processes.meet();
        let bell = subject.as_mut();
        let turn = if leads { ring(worker, bell, gap) } else { listen(worker, bell, wait) };
        if let Ok(Some(latency)) = turn {
            worker.tell(*peer, "time", latency);
        }
        mishap.count(turn.map(|_| ()), 1);
    });
    worker.processes.meet();
    drop(left);
    Ok(())
}

/// Publishes the time again and again, each when the other one has the one before.
fn ring(worker: &Worker, bell: &mut dyn Bell, gap: Duration) -> Result<Option<f64>, Unable> {
    let mut last = READY;
    for _ in 0..worker.effort.messages() {
        while worker.processes.left() != last {
            std::hint::spin_loop();
        }
        let start = nanos();
        let until = start + gap.as_nanos() as u64;
        while nanos() < until {
            std::hint::spin_loop();
        }
        last = nanos();
        bell.ring(last, 1)?;
    }
    Ok(None)
}

/// The median of what passed between publishing and knowing.
fn listen(worker: &Worker, bell: &mut dyn Bell, wait: Wait) -> Result<Option<f64>, Unable> {
    let mut last = bell.look()?;
    worker.processes.leave(READY);
    let mut latencies = Vec::new();
    for _ in 0..worker.effort.messages() {
        last = wait(bell, last)?;
        latencies.push(nanos().saturating_sub(last) as f64);
        worker.processes.leave(last);
    }
    Ok(Some(Summary::of(&latencies).median))
}

/// No time is that early.
const READY: u64 = 1;
