//! What is to be done: how many steps of what length, and which strips are whose.

use std::ops::Range;

use shma_core::ShmElement;
use shma_examples::scheme::RATIO;

/// Strips of a plate, however many workers share them.
pub const STRIPS: usize = 8;

/// Steps at which the error is taken, at most, the first and the last among them.
pub const MARKS: usize = 101;

/// The settings of a solution. They lie in the region too, so that nothing has to be handed to the
/// workers by other ways.
#[repr(C)]
#[derive(Debug, Clone, Copy, ShmElement)]
pub struct Plan {
    /// Steps in all.
    pub steps: u64,
    /// Length of a step.
    pub step_length: f64,
    /// By how many workers.
    pub workers: u64,
}

impl Plan {
    /// So many steps on a grid of this spacing.
    pub fn new(steps: u64, spacing: f64, workers: usize) -> Self {
        Self { steps, step_length: RATIO * spacing * spacing, workers: workers as u64 }
    }

    /// How far the clock on the plate is after so many steps.
    pub fn time(&self, steps: u64) -> f64 {
        steps as f64 * self.step_length
    }

    /// The strips of the worker on a seat.
    pub fn strips_of(&self, seat: usize) -> Range<usize> {
        let workers = self.workers as usize;
        seat * STRIPS / workers..(seat + 1) * STRIPS / workers
    }

    /// The number of the mark at a step, if there is one.
    pub fn mark_at(&self, step: u64) -> Option<usize> {
        let every = self.steps_between_marks();
        let marked = step.is_multiple_of(every) || step == self.steps;
        marked.then(|| step.div_ceil(every) as usize)
    }

    /// The steps of the marks, in order.
    pub fn marks(&self) -> impl Iterator<Item = u64> {
        let every = self.steps_between_marks();
        (0..=self.steps.div_ceil(every)).map(move |mark| self.steps.min(mark * every))
    }

    fn steps_between_marks(&self) -> u64 {
        self.steps.div_ceil(MARKS as u64 - 1).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strip_has_one_worker_and_every_worker_a_strip() {
        for workers in 1..=STRIPS {
            let plan = Plan::new(1, 0.1, workers);
            let strips: Vec<_> = (0..workers).flat_map(|seat| plan.strips_of(seat)).collect();
            assert_eq!(strips, (0..STRIPS).collect::<Vec<_>>());
            assert!((0..workers).all(|seat| !plan.strips_of(seat).is_empty()));
        }
    }

    #[test]
    fn marks_are_numbered_without_a_gap_and_the_last_step_is_one() {
        for steps in (1..=500).chain([16_512, 99_999, 1_000_000]) {
            let plan = Plan::new(steps, 0.1, 1);
            let marks: Vec<_> = plan.marks().collect();
            assert!(marks.len() <= MARKS, "{steps}");
            assert_eq!((marks[0], marks.last()), (0, Some(&steps)));
            let numbers: Vec<_> = (0..=steps).filter_map(|step| plan.mark_at(step)).collect();
            assert_eq!(numbers, (0..marks.len()).collect::<Vec<_>>(), "{steps}");
            let found: Vec<_> = (0..=steps).filter(|step| plan.mark_at(*step).is_some()).collect();
            assert_eq!(found, marks, "{steps}");
        }
    }
}
