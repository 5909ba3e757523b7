//! What more cores than there are here would do with one field: a simulation, beside the measured
//! points of one core and two.
//!
//! The line with the semaphore is the server of a queue. A core that has it uses it at once; for another
//! one it takes the way from core to core, which is measured here, and requests are served one by one.
//! An update alone takes a time that is measured too: for the most part of it the semaphore is held. A
//! core that finds it held asks again, as the library does before it sleeps; the holder's own request
//! to release it waits in the same queue. A new holder fetches the value from the last one.
//!
//! Left out: sleepers, whom the library wakes by the kernel after 50 µs of looking; ways between
//! sockets, which take two to five times as long; and what a memory system does with many requests for
//! one line at once, which is at least as bad as one after the other.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use anyhow::Result;
use shma_core::{Shm, ShmState};

use super::curve::{Axis, Curves};
use super::name;
use crate::{line, pinning};

#[derive(ShmState)]
struct One {
    value: [f64; 8],
}

const NUMBERS: [u64; 10] = [1, 2, 4, 8, 16, 32, 64, 96, 128, 192];

/// Lines that a new holder fetches beside that of the semaphore: the version's, and the value's.
const LINES: f64 = 2.0;

/// The part of an update for which the semaphore is held.
const HELD: f64 = 0.75;

/// Nanoseconds between two looks of a core: what the processor's instruction for such loops takes.
const AGAIN: f64 = 40.0;

/// Requests that are simulated for each number of cores.
const REQUESTS: u64 = 2_000_000;

/// The simulation, and what is measured on as many cores as there are, up to two.
pub fn simulate(quick: bool) -> Result<Vec<Curves>> {
    let time = Duration::from_millis(if quick { 100 } else { 1_000 });
    let alone = measured(1, time)?;
    let Some(line) = line::nanos()? else {
        println!("contention: left out, there is one core\n");
        return Ok(Vec::new());
    };
    let two = measured(2, time)?;
    let update = 1e9 / alone;
    let (mut rates, mut waits) = (Vec::new(), Vec::new());
    for cores in NUMBERS {
        let (rate, wait) = simulated(cores as usize, update, line);
        rates.push(rate);
        waits.push(wait);
    }
    let mut seen = vec![f64::NAN; NUMBERS.len()];
    (seen[0], seen[1]) = (alone, two);
    let error = 100.0 * (rates[1] / two - 1.0);
    let about =
        "One field of 64 B under updates of many cores: a simulation, and what is measured.";
    let curves = |name, unit, curves, remark| Curves {
        name,
        about: about.to_owned(),
        axis: Axis::Count("cores"),
        unit,
        numbers: NUMBERS.to_vec(),
        curves,
        remark,
    };
    Ok(vec![
        curves(
            "contention",
            "1/s",
            vec![("simulated", rates), ("measured", seen)],
            format!(
                "An update alone takes {update:.0} ns, a line from core to core {line:.0} ns; at two \
                 cores the simulation is off by {error:+.0} %.\n"
            ),
        ),
        curves("contention-waits", "ns", vec![("longest, simulated", waits)], String::new()),
    ])
}

/// Updates a second of so many threads, each on its core.
fn measured(threads: usize, time: Duration) -> Result<f64> {
    let name = name("contention");
    let state = One::create(&name, &One::zeroed())?;
    let work = |rank: usize| -> Result<u64> {
        pinning::pin(rank)?;
        let state: Shm<One> = One::open(&name)?;
        let end = Instant::now() + time;
        let mut count = 0;
        while Instant::now() < end {
            for _ in 0..64 {
                state.value.update(|new, old| new[0] = old[0] + 1.0);
            }
            count += 64;
        }
        Ok(count)
    };
    let counts = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|rank| scope.spawn(move || work(rank))).collect();
        all.into_iter().map(|one| one.join().expect("no panic")).collect::<Result<Vec<_>>>()
    })?;
    drop(state);
    Ok(counts.iter().sum::<u64>() as f64 / time.as_secs_f64())
}

/// What a core asks the line for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Request {
    Acquire,
    Release,
}

/// Updates a second of all cores, and the longest wait of one, in nanoseconds.
fn simulated(cores: usize, update: f64, line: f64) -> (f64, f64) {
    // Times in thousandths of a nanosecond, which have an order.
    let ticks = |nanos: f64| (nanos * 1e3) as u64;
    let (way, held) = (ticks(line), ticks(HELD * update));
    let (between, fetch) = (ticks((1.0 - HELD) * update), ticks(LINES * line));
    let mut lots = fastrand::Rng::with_seed(cores as u64);
    let mut since: Vec<u64> = (0..cores).map(|_| lots.u64(..ticks(update).max(1))).collect();
    let first = since.iter().enumerate();
    let mut requests: BinaryHeap<_> =
        first.map(|(core, at)| Reverse((*at, core, Request::Acquire))).collect();
    let (mut is_held, mut owner, mut holder, mut idle_from) = (false, 0, 0, 0);
    let (mut updates, mut longest) = (0_u64, 0);
    for _ in 0..REQUESTS {
        let Some(Reverse((at, core, request))) = requests.pop() else { break };
        let served = at.max(idle_from) + if core == owner { 0 } else { way };
        (owner, idle_from) = (core, served);
        let next = match request {
            Request::Acquire if is_held => {
                // Not the same each time, as no two loops go on in step for ever.
                served + ticks(AGAIN * (0.5 + lots.f64()))
            }
            Request::Acquire => {
                is_held = true;
                longest = longest.max(served - since[core]);
                let value = if core == holder { 0 } else { fetch };
                holder = core;
                requests.push(Reverse((served + value + held, core, Request::Release)));
                continue;
            }
            Request::Release => {
                is_held = false;
                updates += 1;
                since[core] = served;
                served + between
            }
        };
        requests.push(Reverse((next, core, Request::Acquire)));
    }
    (updates as f64 / idle_from as f64 * 1e12, longest as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use super::simulated;

    #[test]
    fn one_core_is_not_disturbed_and_each_more_costs_more() {
        let rate = |cores| simulated(cores, 50.0, 40.0).0;
        assert!((rate(1) / 2e7 - 1.0).abs() < 0.01);
        assert!(rate(2) < rate(1) && rate(8) < rate(2) && rate(64) < rate(8));
    }
}
