//! How long it takes until another process knows.

use std::time::Duration;

use anyhow::Result;

use super::together::{Shared, gather, take_turns};
use super::{Axis, Measure, Question, TIME};
use crate::ability::{Bell, Unable};
use crate::crew::nanos;
use crate::effort::Effort;
use crate::statistics::Summary;
use crate::worker::Worker;

/// The other one asks again and again.
pub const SPINNING: Latency = Latency {
    name: "latency-spinning",
    about: "From publishing to another process knowing, which looks all the time.",
    wait: |bell, last| loop {
        let number = bell.look()?;
        if number != last {
            return Ok(number);
        }
    },
    gap: Duration::from_micros(5),
};

/// The other one sleeps.
pub const ASLEEP: Latency = Latency {
    name: "latency-asleep",
    about: "From publishing to another process knowing, which sleeps.",
    wait: |bell, last| bell.sleep(last),
    gap: Duration::from_micros(100),
};

/// The question.
pub struct Latency {
    name: &'static str,
    about: &'static str,
    wait: fn(&mut dyn Bell, u64) -> Result<u64, Unable>,
    /// From the other one's readiness to the publication, long enough to fall asleep.
    gap: Duration,
}

impl Question for Latency {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn axis(&self) -> Axis {
        Axis::Processes
    }

    fn measures(&self) -> &'static [Measure] {
        TIME
    }

    fn cases(&self, _: Effort) -> Vec<u64> {
        vec![2]
    }

    fn crew(&self, case: u64) -> usize {
        case as usize
    }

    fn measure(&self, worker: &Worker) -> Result<()> {
        let leads = worker.leads();
        let contestants = gather(
            worker,
            64,
            |peer, place| peer.create_bell(place),
            |peer, place| peer.open_bell(place),
            |bell, place| if leads { Ok(()) } else { bell.prepare(place) },
        );
        let left = take_turns(worker, 64, contestants, |Shared { peer, subject }, mishap| {
            worker.crew.leave(0);
            worker.crew.meet();
            let bell = subject.as_mut();
            let turn = if leads { self.ring(worker, bell) } else { self.listen(worker, bell) };
            if let Ok(Some(latency)) = turn {
                worker.tell(*peer, "time", latency);
            }
            mishap.count(turn.map(|_| ()), 1);
        });
        worker.crew.meet();
        drop(left);
        Ok(())
    }
}

impl Latency {
    /// Publishes the time again and again, each when the other one has the one before.
    fn ring(&self, worker: &Worker, bell: &mut dyn Bell) -> Result<Option<f64>, Unable> {
        let mut last = READY;
        for _ in 0..worker.effort.messages() {
            while worker.crew.left() != last {
                std::hint::spin_loop();
            }
            let start = nanos();
            let until = start + self.gap.as_nanos() as u64;
            while nanos() < until {
                std::hint::spin_loop();
            }
            last = nanos();
            bell.ring(last, 1)?;
        }
        Ok(None)
    }

    /// The median of what passed between publishing and knowing.
    fn listen(&self, worker: &Worker, bell: &mut dyn Bell) -> Result<Option<f64>, Unable> {
        let mut last = bell.look()?;
        worker.crew.leave(READY);
        let mut latencies = Vec::new();
        for _ in 0..worker.effort.messages() {
            last = (self.wait)(bell, last)?;
            latencies.push(nanos().saturating_sub(last) as f64);
            worker.crew.leave(last);
        }
        Ok(Some(Summary::of(&latencies).median))
    }
}

/// No time is that early.
const READY: u64 = 1;
