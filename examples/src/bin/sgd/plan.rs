//! What is to be done: how often the images are gone through, in which batches, in which order.

use shma_core::ShmElement;

use crate::data::Sample;

/// The settings of a training. They lie in a region too, so that nothing has to be handed to the
/// workers by other ways.
#[repr(C)]
#[derive(Debug, Clone, Copy, ShmElement)]
pub struct Plan {
    /// How often all images are gone through.
    pub epochs: u64,
    /// Images a batch.
    pub batch: u64,
    /// Length of the longest step down the gradient.
    pub learning_rate: f64,
    /// Decides the first parameters and the order of the images.
    pub seed: u64,
}

impl Plan {
    /// Batches of an epoch of so many images; the last one may be smaller.
    pub fn batches_of_an_epoch(&self, images: usize) -> u64 {
        (images as u64).div_ceil(self.batch)
    }

    /// Batches in all.
    pub fn batches(&self, images: usize) -> u64 {
        self.epochs * self.batches_of_an_epoch(images)
    }

    /// Length of the step that belongs to a batch. It grows over the first tenth of the training,
    /// when many workers would leap the same way at once from the same parameters; then it shrinks,
    /// so that training ends close to a minimum instead of jumping about it.
    pub fn step(&self, batch: u64, images: usize) -> f32 {
        let (batch, batches) = (batch as f64, self.batches(images) as f64);
        let growing = (batch + 1.0) / (0.1 * batches);
        let shrinking = (batches - batch) / (0.9 * batches);
        (self.learning_rate * growing.min(shrinking).min(1.0)) as f32
    }
}

/// The batches by number. Every process finds the same images under a number, in an order that is
/// new in every epoch.
#[derive(Debug)]
pub struct Batches<'a> {
    plan: Plan,
    images: &'a [Sample],
    epoch: Option<u64>,
    order: Vec<usize>,
}

impl<'a> Batches<'a> {
    /// The batches of these images.
    pub fn new(plan: Plan, images: &'a [Sample]) -> Self {
        Self { plan, images, epoch: None, order: Vec::new() }
    }

    /// The images of a batch.
    pub fn get(&mut self, number: u64) -> Vec<&'a Sample> {
        let per_epoch = self.plan.batches_of_an_epoch(self.images.len());
        self.shuffle(number / per_epoch);
        let start = (number % per_epoch * self.plan.batch) as usize;
        let end = self.order.len().min(start + self.plan.batch as usize);
        self.order[start..end].iter().map(|&index| &self.images[index]).collect()
    }

    fn shuffle(&mut self, epoch: u64) {
        if self.epoch.replace(epoch) == Some(epoch) {
            return;
        }
        self.order.clear();
        self.order.extend(0..self.images.len());
        // The generator spreads its seeds, so neighbouring ones give unrelated orders.
        fastrand::Rng::with_seed(self.plan.seed.wrapping_add(epoch + 1)).shuffle(&mut self.order);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::PIXELS;

    const PLAN: Plan = Plan { epochs: 3, batch: 4, learning_rate: 0.1, seed: 9 };

    fn images(count: u8) -> Vec<Sample> {
        (0..count).map(|label| Sample { pixels: [0.0; PIXELS], label }).collect()
    }

    fn epoch(batches: &mut Batches<'_>, numbers: std::ops::Range<u64>) -> Vec<u8> {
        numbers.flat_map(|number| batches.get(number)).map(|sample| sample.label).collect()
    }

    #[test]
    fn every_epoch_has_each_image_once_in_an_order_of_its_own() {
        let images = images(10);
        let mut batches = Batches::new(PLAN, &images);
        let (first, second) = (epoch(&mut batches, 0..3), epoch(&mut batches, 3..6));
        assert_ne!(first, second);
        for mut epoch in [first, second] {
            epoch.sort_unstable();
            assert_eq!(epoch, (0..10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_number_means_the_same_batch_in_every_process() {
        let images = images(10);
        let (mut one, mut other) = (Batches::new(PLAN, &images), Batches::new(PLAN, &images));
        let straight: Vec<_> = (0..9).map(|number| one.get(number)).collect();
        for number in [8, 0, 5, 4, 7, 1, 2, 6, 3] {
            assert_eq!(other.get(number), straight[number as usize]);
        }
    }

    #[test]
    fn steps_grow_to_the_learning_rate_and_shrink_again() {
        let plan = Plan { epochs: 20, ..PLAN };
        let steps: Vec<f32> = (0..60).map(|batch| plan.step(batch, 10)).collect();
        assert!(steps[..6].is_sorted_by(|a, b| a < b), "{steps:?}");
        assert!(steps[6..].is_sorted_by(|a, b| a > b), "{steps:?}");
        assert_eq!(steps[6], 0.1);
        assert!(steps.iter().all(|&step| step > 0.0), "{steps:?}");
    }

    #[test]
    fn the_last_batch_of_an_epoch_may_be_smaller() {
        let images = images(10);
        assert_eq!(PLAN.batches(images.len()), 9);
        assert_eq!(Batches::new(PLAN, &images).get(5).len(), 2);
        assert_eq!(Plan { batch: 5, ..PLAN }.batches(images.len()), 6);
    }
}
