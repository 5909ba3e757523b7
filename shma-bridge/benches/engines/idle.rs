//! What bridges cost while nothing moves, and how late a value is that comes after silence. They decide
//! how long a bridge sleeps between two rounds (`patience.rs`).

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use shma_core::untyped::Wait;

use crate::jobs::{Engine, Job};
use crate::{median, micros};

/// Silences, and for how long the share of a processor is measured after each.
const SILENCES: [(&str, Duration, Duration); 3] = [
    ("none", Duration::ZERO, Duration::from_micros(1500)),
    ("20 ms", Duration::from_millis(20), Duration::from_millis(1500)),
    ("2.5 s", Duration::from_millis(2500), Duration::from_secs(4)),
];

/// Prints a line for each silence.
pub fn measure() -> Result<(), Box<dyn Error>> {
    let job = Job::start(Engine::Mpi, &[("ping", "u64".into())], &["--publish", "ping@0"])?;
    job.settle("ping")?;
    let (near, far) = (job.states[0].field("ping")?, job.states[1].field("ping")?);
    let mut number = 0_u64;
    let mut send = || -> Result<f64, shma_core::Error> {
        number += 1;
        let start = Instant::now();
        near.write(&number.to_ne_bytes(), Wait::Forever)?;
        let mut bytes = [0; 8];
        loop {
            let seen = far.read(&mut bytes)?;
            if bytes == number.to_ne_bytes() {
                return Ok(start.elapsed().as_secs_f64());
            }
            far.wait_newer(seen, Duration::from_secs(30))?;
        }
    };
    for (name, silence, measured) in SILENCES {
        let rounds = if silence > Duration::from_secs(1) { 6 } else { 60 };
        let mut times = Vec::new();
        for _ in 0..rounds {
            send()?;
            thread::sleep(silence);
            times.push(send()?);
        }
        send()?;
        thread::sleep(silence);
        let share = if silence.is_zero() {
            "all that is free".into()
        } else {
            let (before, start) = (used(&job)?, Instant::now());
            thread::sleep(measured);
            let (after, wall) = (used(&job)?, start.elapsed().as_secs_f64());
            let shares = before.iter().zip(&after).map(|(before, after)| (after - before) / wall);
            let shares: Vec<String> =
                shares.map(|share| format!("{:.1} %", 100.0 * share)).collect();
            shares.join(", ")
        };
        println!("| {name} | {} | {share} |", micros(median(times)));
    }
    Ok(())
}

/// Seconds of a processor that each bridge has used.
fn used(job: &Job) -> Result<Vec<f64>, Box<dyn Error>> {
    job.bridges()
        .iter()
        .map(|id| {
            let text = std::fs::read_to_string(format!("/proc/{id}/schedstat"))?;
            let nanos: f64 = text.split_whitespace().next().unwrap_or("0").parse()?;
            // That of its first thread. Those of the library sleep.
            Ok(nanos / 1e9)
        })
        .collect()
}
