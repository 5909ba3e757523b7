//! What a way of sharing the model has to offer, and the three ways. All else is the same in each.

use shma_core::{Atomic, AtomicElement, Shm, ShmState};

use crate::model::Model;
use crate::numbers::Numbers;

/// A state that holds the parameters.
pub trait Shared: ShmState {
    /// The state with these parameters.
    fn holding(model: Box<Model>) -> Box<Self>;

    /// Copies the parameters.
    fn read(shared: &Shm<Self>, into: &mut Model);
}

impl Shared for Model {
    fn holding(model: Box<Model>) -> Box<Model> {
        model
    }

    fn read(shared: &Shm<Model>, into: &mut Model) {
        shared.read_into(into);
    }
}

impl Shared for Numbers {
    fn holding(model: Box<Model>) -> Box<Numbers> {
        let mut state = Self::zeroed();
        state.w1.copy_from_slice(&model.w1);
        state.b1.copy_from_slice(&model.b1);
        state.w2.copy_from_slice(&model.w2);
        state.b2.copy_from_slice(&model.b2);
        state
    }

    fn read(shared: &Shm<Numbers>, into: &mut Model) {
        shared.w1.read_into(&mut into.w1);
        shared.b1.read_into(&mut into.b1);
        shared.w2.read_into(&mut into.w2);
        shared.b2.read_into(&mut into.b2);
    }
}

/// A way to share the parameters among all workers.
pub trait Sharing {
    /// The state that holds them.
    type State: Shared;

    /// Adds a step to the parameters.
    fn add(shared: &Shm<Self::State>, step: &Model);
}

/// Field by field, each under its semaphore, so that several workers pipeline. No step is lost.
#[derive(Debug)]
pub struct Locked;

impl Sharing for Locked {
    type State = Model;

    fn add(shared: &Shm<Model>, step: &Model) {
        shared.update_with(step, |s, w| w + s);
    }
}

/// Number by number, by loads and stores, after B. Recht, C. Ré, S. Wright, F. Niu: "Hogwild!: A
/// Lock-Free Approach to Parallelizing Stochastic Gradient Descent", NIPS 2011. What two workers add to
/// one number at the same instant may be lost.
#[derive(Debug)]
pub struct Hogwild;

impl Sharing for Hogwild {
    type State = Numbers;

    fn add(shared: &Shm<Numbers>, step: &Model) {
        shared.w1.add_racy(&step.w1);
        shared.b1.add_racy(&step.b1);
        shared.w2.add_racy(&step.w2);
        shared.b2.add_racy(&step.b2);
    }
}

/// Number by number, by compare-exchange. No step is lost.
#[derive(Debug)]
pub struct Exact;

impl Sharing for Exact {
    type State = Numbers;

    fn add(shared: &Shm<Numbers>, step: &Model) {
        add_exactly(&shared.w1, step.w1.as_flattened());
        add_exactly(&shared.b1, &step.b1);
        add_exactly(&shared.w2, step.w2.as_flattened());
        add_exactly(&shared.b2, &step.b2);
    }
}

/// Leaves out where the step is 0, as it is for pixels that are dark in a whole batch: that is faster
/// than to compare and exchange there.
fn add_exactly<E, const N: usize>(to: &Atomic<[E; N]>, step: &[f32])
where
    E: AtomicElement<Scalar = f32>,
{
    let mut start = 0;
    for run in step.chunk_by(|a, b| (*a == 0.0) == (*b == 0.0)) {
        let range = start..start + run.len();
        start = range.end;
        if run[0] != 0.0 {
            to.add_range(range, run);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use shma_examples::region;

    use super::*;

    const THREADS: usize = 4;
    const STEPS: usize = 200;

    fn create<S: Sharing>(model: Box<Model>) -> Shm<S::State> {
        S::State::create(&region::new_name("sgd-test"), &S::State::holding(model)).unwrap()
    }

    fn parameters<S: Sharing>(shared: &Shm<S::State>) -> Vec<f32> {
        let mut model = Model::zeroed();
        S::State::read(shared, &mut model);
        parameters_of(&model)
    }

    fn parameters_of(Model { w1, b1, w2, b2 }: &Model) -> Vec<f32> {
        [w1.as_flattened(), b1, w2.as_flattened(), b2].concat()
    }

    /// Every third number is 0, as those of pixels that are dark in a whole batch.
    fn step(seed: u64) -> Box<Model> {
        let mut step = Model::initial(seed);
        step.b1.fill(0.125);
        step.b2.fill(-0.25);
        step.w1.as_flattened_mut().iter_mut().step_by(3).for_each(|s| *s = 0.0);
        step
    }

    fn after_two_steps<S: Sharing>() -> Vec<f32> {
        let shared = create::<S>(Model::initial(1));
        let at_first = parameters::<S>(&shared);
        (2..4).for_each(|seed| S::add(&shared, &step(seed)));
        let after = parameters::<S>(&shared);
        assert!(after.iter().zip(&at_first).filter(|(a, b)| a != b).count() > 30_000);
        after
    }

    #[test]
    fn one_worker_comes_to_the_same_parameters_in_each_way() {
        let locked = after_two_steps::<Locked>();
        assert!(locked == after_two_steps::<Hogwild>());
        assert!(locked == after_two_steps::<Exact>());
    }

    /// A step of whole numbers, whose sums do not depend on their order.
    fn whole_step() -> Box<Model> {
        let mut step = step(4);
        step.w1.as_flattened_mut().iter_mut().for_each(|s| *s = (*s * 100.0).round());
        step.w2.as_flattened_mut().iter_mut().for_each(|s| *s = (*s * 100.0).round());
        step
    }

    /// What there is after many threads have added the step, and what it would be without a loss.
    fn add_up<S: Sharing>() -> Vec<(f32, f32)> {
        let shared = create::<S>(Model::zeroed());
        let step = whole_step();
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| (0..STEPS).for_each(|_| S::add(&shared, &step)));
            }
        });
        let once = create::<S>(step);
        let all = parameters::<S>(&once).into_iter().map(|s| s * (THREADS * STEPS) as f32);
        parameters::<S>(&shared).into_iter().zip(all).collect()
    }

    #[test]
    fn no_step_is_lost_among_many_locked() {
        assert!(add_up::<Locked>().iter().all(|(sum, all)| sum == all));
    }

    #[test]
    fn no_step_is_lost_among_many_exact() {
        assert!(add_up::<Exact>().iter().all(|(sum, all)| sum == all));
    }

    /// What is lost, is lost whole: each number is a multiple of its step, and no larger than all.
    #[test]
    fn a_step_among_many_hogwild_is_added_or_lost() {
        for ((sum, all), step) in add_up::<Hogwild>().iter().zip(parameters_of(&whole_step())) {
            let times = if step == 0.0 { 0.0 } else { sum / step };
            assert!(times == times.round() && *sum == times * step, "{sum} in steps of {step}");
            assert!(sum.abs() <= all.abs(), "{sum} of {all}");
        }
    }
}
