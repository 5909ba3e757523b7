use shma_core::{ReadWrite, Shm, ShmState};

struct ModelFields {
    rows: usize,
}

#[derive(ShmState)]
struct Model {
    weights: [f32; 4],
    step: u64,
}

fn next(model: &Shm<Model, ReadWrite>) -> u64 {
    model.weights.write(&[0.0; 4]);
    model.step.read() + 1
}

fn main() {
    let _ = (next, ModelFields { rows: 1 }.rows);
}
