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

/// The one of which as many are faster as are slower; of an even number, the faster of two.
pub fn middle(mut runs: Vec<Run>) -> Option<Run> {
    runs.sort_by(|one, other| one.rate().total_cmp(&other.rate()));
    let half = runs.len() / 2;
    (half < runs.len()).then(|| runs.swap_remove(half))
}

/// Who is to train, in words.
pub fn label(mode: Mode, workers: usize) -> String {
    format!("{mode}, {}", crew::in_words(workers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_one_is_that_of_middle_speed() {
        let run = |seconds| {
            let (mode, killed, curve) = (Mode::Locked, None, Vec::new());
            Run { mode, workers: 1, killed, seconds, updates: 60, curve }
        };
        let middle = |all: &[f64]| {
            middle(all.iter().map(|&seconds| run(seconds)).collect()).map(|run| run.seconds)
        };
        assert_eq!(middle(&[]), None);
        assert_eq!(middle(&[2.0]), Some(2.0));
        assert_eq!(middle(&[5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(middle(&[5.0, 1.0]), Some(1.0));
    }
}
