//! What more cores than there are here would do with one field: a simulation, beside the measured
//! points of one core and two.
//!
//! The line with the semaphore is the server of a queue. A core whose cache has it uses it at once; for
//! another one it takes the way from core to core, which is measured here, and requests are served one by
//! one. An update alone takes a time that is measured too: for the most part of it the semaphore is held. A
//! new holder fetches the value from the last one. A core that finds the semaphore held looks again as the
//! library does: [`LOOKS`] times, each time after twice as many pauses, and then it sleeps until a holder
//! wakes it. A look leaves a copy of the line with both, so the holder's next change takes a way as well; and
//! if it finds the semaphore free, it is still another way to the exchange that acquires it, before which the
//! last holder mostly has acquired it again.
//!
//! So a core makes many updates in a row, and the others pay with their longest waits. As in what is measured, a
//! core reads the clock after each [`BATCH`], which is when another one has its best chance.
//!
//! Left out: ways between sockets, which take two to five times as long; and what a memory system does with
//! many requests for one line at once, which is at least as bad as one after the other.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use shma_core::{Shm, ShmState};

use super::curve::{Axis, Curves};
use super::name;
use crate::statistics::Summary;
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

/// Looks at a semaphore that is held before the core sleeps, and pauses before the second look. They are
/// the library's.
const LOOKS: u32 = 7;
const PAUSES: u32 = 4;

/// Updates between two readings of the clock.
const BATCH: u64 = 64;

/// Updates that are simulated for each number of cores.
const UPDATES: u64 = 500_000;

/// The simulation, and what is measured on as many cores as there are, up to two.
pub fn simulate(quick: bool) -> Result<Vec<Curves>> {
    let time = Duration::from_millis(if quick { 100 } else { 1_000 });
    let alone = measured(1, time)?;
    let Some(line) = line::nanos()? else {
        println!("contention: left out, there is one core\n");
        return Ok(Vec::new());
    };
    let two = measured(2, time)?;
    // What was measured is a store, which takes the line from a reader, and a load, which fetches it.
    let costs = Costs { update: 1e9 / alone, request: line / 2.0, ..Costs::of_waiting()? };
    let (mut rates, mut waits) = (Vec::new(), Vec::new());
    for cores in NUMBERS {
        let (rate, wait) = simulated(cores as usize, &costs);
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
                "An update alone takes {:.0} ns, a line from core to core {line:.0} ns, a pause {:.0} \
                 ns, waking {:.1} µs, and the sleeper is there after {:.0} µs; at two cores the simulation \
                 is off by {error:+.0} %.\n",
                costs.update,
                costs.pause,
                costs.wake / 1e3,
                costs.awake / 1e3,
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
            for _ in 0..BATCH {
                state.value.update(|new, old| new[0] = old[0] + 1.0);
            }
            count += BATCH;
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

/// What the steps take, in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Costs {
    /// An update alone.
    update: f64,
    /// The line from another core, once: to read it, or to write it.
    request: f64,
    /// The processor's instruction for loops that wait.
    pause: f64,
    /// The system call that wakes a sleeper.
    wake: f64,
    /// From that call to the sleeper's next look.
    awake: f64,
    /// A reading of the clock.
    clock: f64,
}

impl Costs {
    /// What waiting costs here.
    fn of_waiting() -> Result<Self> {
        let start = Instant::now();
        (0..PAUSED).for_each(|_| std::hint::spin_loop());
        let pause = start.elapsed().as_nanos() as f64 / f64::from(PAUSED);
        let start = Instant::now();
        (0..PAUSED).for_each(|_| _ = std::hint::black_box(Instant::now()));
        let clock = start.elapsed().as_nanos() as f64 / f64::from(PAUSED);
        let (wake, awake) = waking()?;
        Ok(Self { update: 0.0, request: 0.0, pause, wake, awake, clock })
    }
}

/// Pauses and readings of the clock that are measured, and times that a thread is woken.
const PAUSED: u32 = 100_000;
const WOKEN: usize = 2_000;

/// Nanoseconds of the call that wakes a thread on another core, and from its beginning until that thread
/// runs: medians.
fn waking() -> Result<(f64, f64)> {
    thread::scope(|scope| {
        let waking = scope.spawn(|| -> Result<_> {
            pinning::pin(0)?;
            let (waker, began) = (thread::current(), Instant::now());
            let nanos = move || began.elapsed().as_nanos() as u64;
            let woken_at = &AtomicU64::new(0);
            thread::scope(|scope| {
                let sleeper = scope.spawn(move || {
                    let pinned = pinning::pin(1);
                    for _ in 0..WOKEN {
                        thread::park();
                        // Release: meets the acquire below. It is never 0, as the clock started before.
                        woken_at.store(nanos().max(1), Ordering::Release);
                        waker.unpark();
                    }
                    pinned
                });
                let (mut calls, mut ways) = (Vec::new(), Vec::new());
                for _ in 0..WOKEN {
                    // Long enough for the other thread to be asleep on its idle core.
                    thread::sleep(Duration::from_micros(100));
                    let start = nanos();
                    sleeper.thread().unpark();
                    calls.push((nanos() - start) as f64);
                    loop {
                        // Acquire: meets the release above.
                        match woken_at.swap(0, Ordering::Acquire) {
                            0 => thread::park(),
                            at => break ways.push((at - start) as f64),
                        }
                    }
                }
                sleeper.join().expect("sleeping does not panic")?;
                Ok((Summary::of(&calls).median, Summary::of(&ways).median))
            })
        });
        waking.join().expect("waking does not panic")
    })
}

/// What a core asks the line for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Request {
    /// The value of the semaphore.
    Look,
    /// The line, to acquire the semaphore if it is free.
    Acquire,
    /// The line, to release the semaphore.
    Release,
}

/// A core's request, in the order in which they are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    /// When it is where the line is, in ticks.
    at: u64,
    core: usize,
    request: Request,
    /// Whether it has left its core, which it does where the core's own cache cannot serve it.
    travelled: bool,
}

/// Who has the line of the semaphore.
#[derive(Debug)]
struct Line {
    /// The core that may write it, if `shared` is empty; else the last that could.
    owner: usize,
    /// Other cores that have a copy to read.
    shared: Vec<usize>,
    /// Until then it is on its way.
    busy: u64,
}

impl Line {
    /// Whether this core's cache serves the request.
    fn is_near(&self, core: usize, request: Request) -> bool {
        match request {
            Request::Look => self.owner == core || self.shared.contains(&core),
            Request::Acquire | Request::Release => self.owner == core && self.shared.is_empty(),
        }
    }

    /// Serves a request of another core's cache, from `at` on. Returns when it is served, and when the
    /// core has the line.
    fn serve(&mut self, asked: &Asked, way: u64) -> (u64, u64) {
        let served = asked.at.max(self.busy);
        self.busy = served + way / 2;
        match asked.request {
            Request::Look => self.shared.push(asked.core),
            Request::Acquire | Request::Release => {
                self.owner = asked.core;
                self.shared.clear();
            }
        }
        (served, self.busy)
    }
}

/// A core.
#[derive(Debug, Clone, Copy)]
struct Core {
    /// When its update began, in ticks.
    since: u64,
    /// Looks at the held semaphore since then, or since it woke.
    looks: u32,
    /// It has slept for this update, and so takes others for sleepers.
    slept: bool,
    /// Updates that it has made.
    made: u64,
}

/// Updates a second of all cores, and the longest wait of one, in nanoseconds.
fn simulated(cores: usize, costs: &Costs) -> (f64, f64) {
    // Times in thousandths of a nanosecond, which have an order.
    let ticks = |nanos: f64| (nanos * 1e3) as u64;
    let (way, held) = (ticks(costs.request), ticks(HELD * costs.update));
    let (between, fetch) = (ticks((1.0 - HELD) * costs.update), ticks(LINES * costs.request));
    let (wake, awake) = (ticks(costs.wake), ticks(costs.awake));
    let mut lots = fastrand::Rng::with_seed(cores as u64);
    let start = |_| {
        let since = lots.u64(..ticks(costs.update).max(1));
        Core { since, looks: 0, slept: false, made: 0 }
    };
    let mut all: Vec<Core> = (0..cores).map(start).collect();
    let ask = |at, core, request| Reverse(Asked { at, core, request, travelled: false });
    let first = all.iter().enumerate();
    let mut requests: BinaryHeap<_> =
        first.map(|(number, core)| ask(core.since, number, Request::Acquire)).collect();
    let mut line = Line { owner: 0, shared: Vec::new(), busy: 0 };
    let (mut is_held, mut holder, mut end) = (false, 0, 0);
    // The bit that says that there are sleepers, and those there are.
    let (mut waiters, mut sleepers) = (false, VecDeque::new());
    let (mut updates, mut longest) = (0_u64, 0);
    while updates < UPDATES {
        let Some(Reverse(asked)) = requests.pop() else { break };
        let Asked { at, core: number, request, travelled } = asked;
        let near = line.is_near(number, request);
        if !near && !travelled {
            requests.push(Reverse(Asked { at: at + way / 2, travelled: true, ..asked }));
            continue;
        }
        let (served, there) = if near { (at, at) } else { line.serve(&asked, way) };
        end = end.max(served);
        let core = &mut all[number];
        match request {
            // It is seen as it was when the line left; meanwhile it may be acquired.
            Request::Look if !is_held => requests.push(ask(there, number, Request::Acquire)),
            Request::Acquire if !is_held => {
                (is_held, waiters) = (true, core.slept);
                longest = longest.max(there - core.since);
                let value = if number == holder { 0 } else { fetch };
                holder = number;
                requests.push(ask(there + value + held, number, Request::Release));
            }
            Request::Look | Request::Acquire if core.looks < LOOKS => {
                // Not the same each time, as no two loops go on in step for ever.
                let pauses = f64::from(PAUSES << core.looks) * (0.75 + 0.5 * lots.f64());
                core.looks += 1;
                requests.push(ask(there + ticks(pauses * costs.pause), number, Request::Look));
            }
            Request::Look | Request::Acquire => {
                waiters = true;
                (core.slept, core.looks) = (true, 0);
                sleepers.push_back(number);
            }
            Request::Release => {
                is_held = false;
                updates += 1;
                let mut free = there;
                if waiters {
                    waiters = false;
                    free += wake;
                    let woken = sleepers.pop_front();
                    requests.extend(woken.map(|woken| ask(there + awake, woken, Request::Look)));
                }
                let made = core.made + 1;
                let clock = if made.is_multiple_of(BATCH) { ticks(costs.clock) } else { 0 };
                let next = free + between + clock;
                *core = Core { since: next, looks: 0, slept: false, made };
                requests.push(ask(next, number, Request::Acquire));
            }
        }
    }
    (updates as f64 / end as f64 * 1e12, longest as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use super::{Costs, simulated};

    #[test]
    fn one_core_is_not_disturbed_and_each_more_costs_more() {
        let costs =
            Costs { update: 50.0, request: 40.0, pause: 40.0, wake: 2e3, awake: 2e4, clock: 30.0 };
        let rate = |cores| simulated(cores, &costs).0;
        assert!((rate(1) / 2e7 - 1.0).abs() < 0.01);
        assert!(rate(2) < rate(1) && rate(8) < rate(2) && rate(64) < rate(8));
    }
}
