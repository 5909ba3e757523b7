//! 64 bytes here and there in 1 GiB, in pages of the usual size and in huge ones.

use anyhow::Result;

use super::alone::compare;
use crate::ability::{Done, Scattered};
use crate::question::{Axis, Question, TIME};
use crate::sizes;
use crate::worker::{Worker, check_memory};

/// Reading.
pub const READS: Question = Question {
    name: "scattered-reads",
    about: "Reading 64 bytes at places drawn at random, with and without huge pages.",
    axis: Axis::Bytes,
    measures: TIME,
    cases: |_| vec![sizes::LARGEST],
    processes: |_| 1,
    counts: false,
    measure: |worker| measure(worker, |store, places| store.read(places)),
};

/// Changing.
pub const UPDATES: Question = Question {
    name: "scattered-updates",
    about: "Changing 64 bytes at places drawn at random, with and without huge pages.",
    axis: Axis::Bytes,
    measures: TIME,
    cases: |_| vec![sizes::LARGEST],
    processes: |_| 1,
    counts: false,
    measure: |worker| measure(worker, |store, places| store.add(places)),
};

/// So many places are drawn before the time is taken.
const DRAWN: usize = 1 << 16;

fn measure(worker: &Worker, call: fn(&mut dyn Scattered, &[usize]) -> Done) -> Result<()> {
    let places = draw(worker.job.case as usize / 64);
    let mut next = 0;
    compare(
        worker,
        worker.job.case,
        |peer, place| {
            check_memory(3, worker.job.case)?;
            peer.create_scattered(place)
        },
        |peer, store| {
            store.add(&places)?;
            store.read(&places[..1])?;
            let times = places.iter().filter(|place| **place == places[0]).count();
            assert!(store.copied() == times as f64, "{}: wrong numbers", peer.name());
            Ok(())
        },
        |store, times| {
            let mut left = times as usize;
            while left > 0 {
                let some = left.min(DRAWN - next);
                call(store.as_mut(), &places[next..next + some])?;
                next = (next + some) % DRAWN;
                left -= some;
            }
            Ok(())
        },
    );
    Ok(())
}

/// Places below a limit, the same in every run (xorshift64, of Marsaglia).
fn draw(limit: usize) -> Vec<usize> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut place = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize % limit
    };
    (0..DRAWN).map(|_| place()).collect()
}
