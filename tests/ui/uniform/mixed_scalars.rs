use shma_core::{Shm, ShmState};

#[derive(ShmState)]
struct Model {
    weights: [[f32; 3]; 2],
    bias: [f32; 3],
    step: u64,
}

fn train(model: &Shm<Model>, gradient: &Model, rate: f32) {
    model.update_with(gradient, |gradient, old| old - rate * gradient);
}

fn main() {}
