//! How long a value is under way.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use shma_core::Version;
use shma_core::untyped::{Field, Wait};

use crate::jobs::{Engine, Job};
use crate::{SIZES, median};

const LONG: Duration = Duration::from_secs(30);

/// Medians in seconds: node 0 publishes, a program of node 1 waits for it and publishes in its turn, and
/// a program of node 0 waits for that.
pub fn publish(engine: Engine) -> Result<[f64; SIZES.len()], Box<dyn Error>> {
    let mut medians = [0.0; SIZES.len()];
    for (place, (size, rounds)) in medians.iter_mut().zip(SIZES) {
        let ty = format!("[u64; {}]", size / 8);
        let fields = [("ping", ty.clone()), ("pong", ty)];
        let rules = ["--publish", "ping@0", "--publish", "pong@1"];
        let job = Job::start(engine, &fields, &rules)?;
        *place = median(there_and_back(&job, size, rounds)?);
    }
    Ok(medians)
}

/// Times of trips, after some that do not count.
fn there_and_back(job: &Job, size: usize, rounds: u64) -> Result<Vec<f64>, Box<dyn Error>> {
    let (near, far) = (&job.states[0], &job.states[1]);
    thread::scope(|scope| {
        let answers = scope.spawn(|| -> Result<(), shma_core::Error> {
            let (ping, pong) = (far.field("ping")?, far.field("pong")?);
            let (mut bytes, mut seen) = (vec![0; size], Version::default());
            for round in 0..rounds {
                seen = until(ping, &mut bytes, (round + 1).to_ne_bytes(), seen)?;
                pong.write(&bytes, Wait::Forever)?;
            }
            Ok(())
        });
        let (ping, pong) = (near.field("ping")?, near.field("pong")?);
        let (mut bytes, mut back) = (vec![0; size], vec![0; size]);
        let (mut times, mut seen) = (Vec::new(), Version::default());
        for round in 0..rounds {
            bytes[..8].copy_from_slice(&(round + 1).to_ne_bytes());
            let start = Instant::now();
            ping.write(&bytes, Wait::Forever)?;
            seen = until(pong, &mut back, (round + 1).to_ne_bytes(), seen)?;
            if round >= rounds / 4 {
                times.push(start.elapsed().as_secs_f64());
            }
        }
        answers.join().map_err(|_| "the other node's program panicked")??;
        Ok(times)
    })
}

/// Waits for a value that begins like this, newer than the one that was seen last.
fn until(
    field: &Field,
    bytes: &mut [u8],
    begin: [u8; 8],
    mut seen: Version,
) -> Result<Version, shma_core::Error> {
    loop {
        field.wait_newer(seen, LONG)?;
        seen = field.read(bytes)?;
        if bytes[..8] == begin {
            return Ok(seen);
        }
    }
}

/// Medians in seconds: a program of node 0 adds 2 to all numbers, and both nodes wait for the mean, which
/// is 1 more.
pub fn mean() -> Result<[f64; SIZES.len()], Box<dyn Error>> {
    let mut medians = [0.0; SIZES.len()];
    for (place, (size, rounds)) in medians.iter_mut().zip(SIZES) {
        let fields = [("w", format!("[f64; {}]", size / 8))];
        let job = Job::start(Engine::Mpi, &fields, &["--mean", "w", "--every", "0"])?;
        job.settle("w")?;
        let (near, far) = (job.states[0].field("w")?, job.states[1].field("w")?);
        let (mut times, mut seen) = (Vec::new(), Version::default());
        let mut bytes = vec![0; size];
        for round in 1..=rounds {
            let mean = (round as f64).to_ne_bytes();
            let start = Instant::now();
            let own = near.update(Wait::Forever, |new, old| {
                for (new, old) in new.chunks_exact_mut(8).zip(old.chunks_exact(8)) {
                    let old = f64::from_ne_bytes(old.try_into().unwrap_or_default());
                    new.copy_from_slice(&(old + 2.0).to_ne_bytes());
                }
            })?;
            until(near, &mut bytes, mean, own)?;
            seen = until(far, &mut bytes, mean, seen)?;
            if round > rounds / 4 {
                times.push(start.elapsed().as_secs_f64());
            }
        }
        *place = median(times);
    }
    Ok(medians)
}
