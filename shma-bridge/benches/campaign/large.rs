//! A value of more bytes than MPI counts in a call.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use shma_core::untyped::Wait;

use crate::engines;
use crate::jobs::{Engine, Job};

/// 2.2 GiB, and no multiple of what goes in one call.
const BYTES: usize = (22 << 30) / 10 / 8 * 8 + 8;
/// Copies in bridges; the program that writes drops its own before.
const COPIES: usize = 3;
/// Two regions of two slots each, which need no memory in a directory on a disk (`SHMA_DIR`).
const SLOTS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(600);

/// Over each engine.
pub fn run() -> Result<(), Box<dyn Error>> {
    for engine in engines() {
        let in_memory = std::env::var_os("SHMA_DIR").is_none();
        let needed = BYTES * (COPIES + if in_memory { SLOTS } else { 0 });
        let free = free()?;
        if free < needed {
            let (free, needed) = (free >> 30, needed >> 30);
            println!("skipped: {engine:?}: {free} GiB are free, and {needed} are needed");
            continue;
        }
        over(engine)?;
    }
    Ok(())
}

fn free() -> Result<usize, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let number = line.and_then(|line| line.split_whitespace().next()).ok_or("no MemAvailable")?;
    Ok(number.parse::<usize>()? << 10)
}

fn over(engine: Engine) -> Result<(), Box<dyn Error>> {
    let fields = [("large", format!("[u64; {}]", BYTES / 8))];
    let job = Job::start(engine, &fields, &["--publish", "large@0"])?;
    let start = Instant::now();
    let value: Vec<u8> = (0..BYTES as u64 / 8).flat_map(|at| mixed(at).to_ne_bytes()).collect();
    let written = job.states[0].field("large")?.write(&value, Wait::Forever)?;
    drop(value);
    let far = job.states[1].field("large")?;
    let right = |at: usize| -> Result<bool, shma_core::Error> {
        let mut number = [0; 8];
        far.read_part(8 * at, &mut number)?;
        Ok(number == mixed(at as u64).to_ne_bytes())
    };
    let last = BYTES / 8 - 1;
    while !right(last)? {
        if start.elapsed() > PATIENCE {
            return Err(format!("{engine:?}: the value does not arrive").into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    // All of it, in pieces that fit into memory beside it.
    let mut piece = vec![0; 1 << 24];
    for first in (0..BYTES).step_by(piece.len()) {
        let len = piece.len().min(BYTES - first);
        far.read_part(first, &mut piece[..len])?;
        let numbers = piece[..len].chunks_exact(8).zip(first as u64 / 8..);
        if let Some((_, at)) = numbers.into_iter().find(|(n, at)| **n != mixed(*at).to_ne_bytes()) {
            return Err(format!("{engine:?}: number {at} is wrong").into());
        }
    }
    println!(
        "{engine:?}: {BYTES} bytes, publication {written:?}, right at the other node after {:.1} s",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Numbers that differ, so that a piece in a wrong place is noticed.
fn mixed(at: u64) -> u64 {
    at.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
