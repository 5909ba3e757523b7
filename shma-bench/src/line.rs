//! How long a cache line takes from one core to another. Whatever processes do with each other
//! takes some of these; and a hypervisor may move its cores while a run lasts, from neighbours that
//! share a cache to strangers that do not.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::Result;

use crate::pinning;
use crate::statistics::Summary;

/// There and back.
const ROUNDS: u64 = 2_000;
const REPEATS: usize = 5;

/// On lines of its own.
#[repr(align(128))]
struct Ball(AtomicU64);

/// Nanoseconds of one way between the cores of the first two ranks; nothing if there is one core.
pub fn nanos() -> Result<Option<f64>> {
    if pinning::cores()?.len() < 2 {
        return Ok(None);
    }
    let mut times = Vec::new();
    for _ in 0..REPEATS {
        times.push(once()?);
    }
    Ok(Some(Summary::of(&times).median))
}

fn once() -> Result<f64> {
    let ball = Ball(AtomicU64::new(0));
    let wait = |number| {
        while ball.0.load(Ordering::Acquire) != number {
            spin_loop();
        }
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| -> Result<()> {
            let pinned = pinning::pin(1);
            for round in 0..ROUNDS {
                wait(2 * round + 1);
                ball.0.store(2 * round + 2, Ordering::Release);
            }
            pinned
        });
        let time = scope.spawn(|| -> Result<f64> {
            let pinned = pinning::pin(0);
            let mut start = Instant::now();
            for round in 0..ROUNDS {
                if round == ROUNDS / 10 {
                    // The other one is awake by now, and on its core.
                    start = Instant::now();
                }
                ball.0.store(2 * round + 1, Ordering::Release);
                wait(2 * round + 2);
            }
            let ways = 2 * (ROUNDS - ROUNDS / 10);
            pinned.map(|()| start.elapsed().as_nanos() as f64 / ways as f64)
        });
        other.join().expect("playing does not panic")?;
        time.join().expect("playing does not panic")
    })
}
