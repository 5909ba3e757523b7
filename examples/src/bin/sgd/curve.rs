//! How the accuracy grew: copies of the parameters taken while the clock runs, judged after it has
//! stopped, so that judging costs the workers no time.

use std::thread;

use anyhow::{Result, anyhow};
use shma_core::{Shm, ShmState};

use crate::data::Sample;
use crate::model::Model;
use crate::network::{Network, Score};
use crate::sharing::{Shared, Sharing};

/// Copies taken in an epoch, unless there would be too many.
const COPIES_AN_EPOCH: u64 = 8;
/// Copies of a training at most, except the first and the last.
const COPIES: u64 = 160;

/// A moment of a training.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// Since batches are given out.
    pub seconds: f64,
    /// How well the parameters did on the test images.
    pub score: Score,
}

/// Copies of the parameters, with the time of each.
pub struct Recorder {
    every: f64,
    /// Batches that were done before.
    before: u64,
    copies: Vec<(f64, Box<Model>)>,
}

impl Recorder {
    /// For a training of so many epochs and batches, some of which were done before.
    pub fn new(epochs: u64, batches: u64, before: u64) -> Self {
        let copies = COPIES.min(epochs * COPIES_AN_EPOCH);
        Self { every: batches as f64 / copies as f64, before, copies: Vec::new() }
    }

    /// Takes a copy if one is due after so many batches.
    pub fn look<S: Sharing>(&mut self, seconds: f64, done: u64, model: &Shm<S::State>) {
        if (done - self.before) as f64 >= self.copies.len() as f64 * self.every {
            self.take::<S>(seconds, model);
        }
    }

    /// Takes a copy.
    pub fn take<S: Sharing>(&mut self, seconds: f64, model: &Shm<S::State>) {
        let mut copy = Model::zeroed();
        S::State::read(model, &mut copy);
        self.copies.push((seconds, copy));
    }

    /// Judges all copies.
    pub fn judge(self, test: &[Sample]) -> Result<Vec<Point>> {
        let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
        let share = self.copies.len().div_ceil(threads).max(1);
        thread::scope(|scope| {
            let judges: Vec<_> = (self.copies.chunks(share))
                .map(|copies| scope.spawn(move || judge(copies, test)))
                .collect();
            let mut curve = Vec::new();
            for judge in judges {
                curve.extend(judge.join().map_err(|_| anyhow!("a judging thread panicked"))?);
            }
            Ok(curve)
        })
    }
}

fn judge(copies: &[(f64, Box<Model>)], test: &[Sample]) -> Vec<Point> {
    let mut network = Network::default();
    let point = |(seconds, model): &(f64, Box<Model>)| Point {
        seconds: *seconds,
        score: network.score(model, test),
    };
    copies.iter().map(point).collect()
}
