//! How long something takes, in batches that are long enough for the clock.

use std::time::{Duration, Instant};

/// Largest number of calls in a batch.
const MOST: u64 = 1 << 24;

/// A number of calls that together take long enough to be timed.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    times: u64,
}

impl Batch {
    /// Finds it: so many calls that `call` of them takes `turn`.
    pub fn calibrate<E>(
        turn: Duration,
        mut call: impl FnMut(u64) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut times = 1;
        loop {
            let start = Instant::now();
            call(times)?;
            let took = start.elapsed();
            if took >= turn || times >= MOST {
                return Ok(Self { times });
            }
            let wanted = turn.as_secs_f64() / took.as_secs_f64().max(1e-9) * 1.2;
            times = (times as f64 * wanted.clamp(1.5, 16.0)).ceil() as u64;
        }
    }

    /// Nanoseconds a call.
    pub fn time<E>(&self, call: impl FnOnce(u64) -> Result<(), E>) -> Result<f64, E> {
        let start = Instant::now();
        call(self.times)?;
        Ok(start.elapsed().as_nanos() as f64 / self.times as f64)
    }
}
