//! A training that was made.

use shma_examples::crew;

use crate::curve::Point;
use crate::mode::Mode;

/// How a training went.
#[derive(Debug)]
pub struct Run {
    /// How the model was shared.
    pub mode: Mode,
    /// By how many.
    pub workers: usize,
    /// When a worker was killed, in seconds.
    pub killed: Option<f64>,
    /// How long it took.
    pub seconds: f64,
    /// Batches done, each of them an update of the model.
    pub updates: u64,
    /// How the scores went.
    pub curve: Vec<Point>,
}

impl Run {
    /// Accuracy at the end.
    pub fn accuracy(&self) -> f64 {
        self.curve.last().map_or(0.0, |point| point.score.accuracy)
    }

    /// Accuracy when so much time had passed, or at the end if that came before.
    pub fn accuracy_after(&self, seconds: f64) -> f64 {
        let past = self.curve.iter().take_while(|point| point.seconds <= seconds);
        past.last().map_or(0.0, |point| point.score.accuracy)
    }

    /// When the accuracy was reached for the first time.
    pub fn seconds_to(&self, accuracy: f64) -> Option<f64> {
        self.curve.iter().find(|point| point.score.accuracy >= accuracy).map(|point| point.seconds)
    }

    /// Updates a second.
    pub fn rate(&self) -> f64 {
        if self.updates == 0 { 0.0 } else { self.updates as f64 / self.seconds }
    }

    /// Who trained, in words.
    pub fn label(&self) -> String {
        let killed = if self.killed.is_some() { ", 1 killed" } else { "" };
        format!("{}{killed}", label(self.mode, self.workers))
    }
}

/// Who is to train, in words.
pub fn label(mode: Mode, workers: usize) -> String {
    format!("{mode}, {}", crew::in_words(workers))
}
