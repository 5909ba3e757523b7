//! Bridges are killed at random while both nodes count in their rows of a gathered field. Each count is
//! exact in the end.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use shma_core::untyped::{State, Wait};

use crate::engines;
use crate::jobs::{Engine, Job};

/// Numbers of a node's row.
const ROW: usize = 64;
/// How long the last counts may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// Over each engine for so many seconds.
pub fn run(seconds: u64) -> Result<(), Box<dyn Error>> {
    for engine in engines() {
        over(engine, Duration::from_secs(seconds))?;
    }
    Ok(())
}

fn over(engine: Engine, time: Duration) -> Result<(), Box<dyn Error>> {
    let fields = [("halo", format!("[[u64; {ROW}]; 2]")), ("step", "u64".into())];
    let mut job = Job::start(engine, &fields, &["--gather", "halo", "--publish", "step@0"])?;
    let states = job.states.clone();
    let (done, start) = (AtomicBool::new(false), Instant::now());
    let mut kills = 0_u64;
    let counts = thread::scope(|scope| -> Result<Vec<u64>, Box<dyn Error>> {
        let _ends = Ends(&done);
        let counters: Vec<_> = states
            .iter()
            .enumerate()
            .map(|(node, state)| {
                let done = &done;
                scope.spawn(move || count(state, node, done))
            })
            .collect();
        while start.elapsed() < time {
            thread::sleep(Duration::from_micros(fastrand::u64(0..300_000)));
            job.kill_one(fastrand::usize(0..2))?;
            kills += 1;
        }
        done.store(true, Ordering::Relaxed);
        let counts = counters.into_iter().map(|each| each.join().map_err(|_| "a count was wrong"));
        let counts: Vec<_> = counts.collect::<Result<_, _>>()?;
        Ok(counts.into_iter().collect::<Result<_, shma_core::Error>>()?)
    })?;
    let end = Instant::now() + PATIENCE;
    let right: Vec<u64> = counts.iter().flat_map(|count| [*count; ROW]).collect();
    while !states.iter().all(|state| holds(state, &right, counts[0]).unwrap_or(false)) {
        if Instant::now() > end {
            return Err(format!("{engine:?}: counts {counts:?} have not arrived everywhere").into());
        }
        thread::sleep(Duration::from_millis(1));
    }
    let hung = match job.hung {
        0 => String::new(),
        hung => format!("; {hung} launchers hung in their own end, and were killed"),
    };
    println!(
        "{engine:?}: {kills} kills in {} s, counts {counts:?} exact at both nodes{hung}",
        time.as_secs()
    );
    Ok(())
}

/// Counts in the node's own row, and finds there what it wrote last.
fn count(state: &State, node: usize, done: &AtomicBool) -> Result<u64, shma_core::Error> {
    let mut count = 0_u64;
    let (halo, step) = (state.field("halo")?, state.field("step")?);
    let own = 8 * ROW * node..8 * ROW * (node + 1);
    while !done.load(Ordering::Relaxed) {
        halo.update(Wait::Forever, |new, _| {
            let row = &mut new[own.clone()];
            let found = row.chunks(8).all(|number| number == count.to_ne_bytes());
            assert!(found, "node {node} does not find its count of {count}");
            count += 1;
            row.copy_from_slice(&count.to_ne_bytes().repeat(ROW));
        })?;
        if node == 0 {
            step.write(&count.to_ne_bytes(), Wait::Forever)?;
        }
        thread::sleep(Duration::from_micros(100));
    }
    Ok(count)
}

fn holds(state: &State, right: &[u64], step: u64) -> Result<bool, shma_core::Error> {
    let (mut halo, mut one) = (vec![0; 8 * right.len()], [0; 8]);
    state.field("halo")?.read(&mut halo)?;
    state.field("step")?.read(&mut one)?;
    let halo = halo.chunks(8).zip(right).all(|(bytes, number)| bytes == number.to_ne_bytes());
    Ok(halo && one == step.to_ne_bytes())
}

/// Ends counters when it is dropped, also by a failure: a scope waits for its threads.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
