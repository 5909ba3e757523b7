//! A state beside a work-stealing pool: `cargo run --example pool`.
//!
//! A closure runs while its field's semaphore is held. If it waits for a pool, the waiting thread may
//! execute another job of that pool meanwhile. If that job updates the same field, the call panics,
//! since its own thread holds the semaphore. If another thread's job does so, it waits for the
//! holder, which waits for that job: for ever. So compute in the pool first, and publish afterwards,
//! outside of all jobs. Where jobs have to publish by themselves, use an atomic field, which has no
//! semaphore.

use rayon::prelude::*;
use shma_core::{Error, ShmState};

const CHUNKS: usize = 16;

#[derive(ShmState)]
struct Statistics {
    /// Sum and sum of squares of all samples so far.
    sums: [f64; 2],
    /// Samples that each chunk has seen.
    #[shm(atomic)]
    seen: [u64; CHUNKS],
}

fn main() -> Result<(), Error> {
    let name = format!("pool-{}", std::process::id());
    let statistics = Statistics::create(&name, &Statistics::zeroed())?;
    let samples: Vec<f64> = (0..1_000_000).map(|n| f64::from(n % 1000)).collect();

    // First all that takes long, in parallel.
    let sums = samples
        .par_chunks(samples.len() / CHUNKS)
        .enumerate()
        .map(|(chunk, samples)| {
            statistics.seen.fetch_add(chunk, samples.len() as u64); // no semaphore
            samples.iter().fold([0.0, 0.0], |[a, b], x| [a + x, b + x * x])
        })
        .reduce(|| [0.0, 0.0], |[a, b], [c, d]| [a + c, b + d]);
    // Then the publication, short, by one thread.
    statistics.sums.update_with(&sums, |new, old| old + new);

    let [sum, squares] = statistics.sums.read();
    let seen: u64 = (0..CHUNKS).map(|chunk| statistics.seen.get(chunk)).sum();
    let mean = sum / seen as f64;
    println!("{seen} samples, mean {mean}, variance {:.1}", squares / seen as f64 - mean * mean);
    assert_eq!((seen, mean), (1_000_000, 499.5));
    Ok(())
}
