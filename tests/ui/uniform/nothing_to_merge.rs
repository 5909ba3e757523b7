use shma_core::{Shm, ShmState};

#[derive(ShmState)]
struct Model {
    #[shm(no_merge)]
    weights: [f32; 3],
    #[shm(atomic)]
    step: u64,
}

fn train(model: &Shm<Model>, gradient: &Model, rate: f32) {
    model.update_with(gradient, |gradient, old| old - rate * gradient);
}

fn main() {}
