//! What a way of sharing the model has to offer. All else is the same whichever is used.

use shma_core::{Atomic, AtomicElement, Shm, ShmState};

use crate::hogwild::Hogwild;
use crate::model::Model;

/// A state that holds the parameters for all workers.
pub trait Sharing: ShmState {
    /// The state with these parameters.
    fn holding(model: Box<Model>) -> Box<Self>;

    /// Copies the parameters.
    fn read(shared: &Shm<Self>, into: &mut Model);

    /// Subtracts so much of a gradient. What others subtract meanwhile is not lost.
    fn descend(shared: &Shm<Self>, gradient: &Model, step: f32);
}

/// Field by field, each under its semaphore, so that several workers pipeline.
impl Sharing for Model {
    fn holding(model: Box<Model>) -> Box<Self> {
        model
    }

    fn read(shared: &Shm<Self>, into: &mut Model) {
        shared.read_into(into);
    }

    fn descend(shared: &Shm<Self>, gradient: &Model, step: f32) {
        shared.update_with(gradient, |g, w| w - step * g);
    }
}

/// Number by number, without semaphores.
impl Sharing for Hogwild {
    fn holding(model: Box<Model>) -> Box<Self> {
        let mut state = Self::zeroed();
        state.w1.copy_from_slice(&model.w1);
        state.b1.copy_from_slice(&model.b1);
        state.w2.copy_from_slice(&model.w2);
        state.b2.copy_from_slice(&model.b2);
        state
    }

    fn read(shared: &Shm<Self>, into: &mut Model) {
        shared.w1.read_into(&mut into.w1);
        shared.b1.read_into(&mut into.b1);
        shared.w2.read_into(&mut into.w2);
        shared.b2.read_into(&mut into.b2);
    }

    fn descend(shared: &Shm<Self>, gradient: &Model, step: f32) {
        subtract(&shared.w1, gradient.w1.as_flattened(), step);
        subtract(&shared.b1, &gradient.b1, step);
        subtract(&shared.w2, gradient.w2.as_flattened(), step);
        subtract(&shared.b2, &gradient.b2, step);
    }
}

/// Touches only those numbers whose gradient is not 0, the fewer of which there are the less workers
/// are in each other's way.
fn subtract<E, const N: usize>(from: &Atomic<[E; N]>, gradient: &[f32], step: f32)
where
    E: AtomicElement<Scalar = f32>,
{
    let (mut start, mut less) = (0, Vec::new());
    for run in gradient.chunk_by(|a, b| (*a == 0.0) == (*b == 0.0)) {
        let range = start..start + run.len();
        start = range.end;
        if run[0] != 0.0 {
            less.clear();
            less.extend(run.iter().map(|g| -step * g));
            from.add_range(range, &less);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use shma_examples::region;

    const THREADS: usize = 4;
    const STEPS: usize = 200;

    fn create<S: Sharing>(model: Box<Model>) -> Shm<S> {
        S::create(&region::new_name("sgd-test"), &S::holding(model)).unwrap()
    }

    fn parameters<S: Sharing>(shared: &Shm<S>) -> Vec<f32> {
        let mut model = Model::zeroed();
        S::read(shared, &mut model);
        let Model { w1, b1, w2, b2 } = &*model;
        [w1.as_flattened(), b1, w2.as_flattened(), b2].concat()
    }

    /// Every third number is 0, as those of pixels that are dark in a whole batch.
    fn gradient(seed: u64) -> Box<Model> {
        let mut gradient = Model::initial(seed);
        gradient.b1.fill(0.125);
        gradient.b2.fill(-0.25);
        gradient.w1.as_flattened_mut().iter_mut().step_by(3).for_each(|g| *g = 0.0);
        gradient
    }

    #[test]
    fn one_worker_comes_to_the_same_parameters_in_both_ways() {
        let locked = create::<Model>(Model::initial(1));
        let hogwild = create::<Hogwild>(Model::initial(1));
        let at_first = parameters(&locked);
        assert_eq!(at_first, parameters(&hogwild));
        for (seed, step) in [(2, 0.4), (3, 0.1)] {
            Model::descend(&locked, &gradient(seed), step);
            Hogwild::descend(&hogwild, &gradient(seed), step);
        }
        let (after, other) = (parameters(&locked), parameters(&hogwild));
        assert!(after.iter().zip(&at_first).filter(|(a, b)| a != b).count() > 30_000);
        assert!(after == other);
    }

    fn steps_add_up<S: Sharing>() {
        let mut gradient = gradient(4);
        // Whole numbers, whose sums do not depend on their order.
        gradient.w1.as_flattened_mut().iter_mut().for_each(|g| *g = (*g * 100.0).round());
        gradient.w2.as_flattened_mut().iter_mut().for_each(|g| *g = (*g * 100.0).round());
        let shared = create::<S>(Model::zeroed());
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| (0..STEPS).for_each(|_| S::descend(&shared, &gradient, 1.0)));
            }
        });
        let once = create::<S>(gradient);
        let expected = parameters(&once).into_iter().map(|g| -g * (THREADS * STEPS) as f32);
        assert!(parameters(&shared).into_iter().eq(expected));
    }

    #[test]
    fn no_step_is_lost_among_many_locked() {
        steps_add_up::<Model>();
    }

    #[test]
    fn no_step_is_lost_among_many_hogwild() {
        steps_add_up::<Hogwild>();
    }
}
