use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    weights: Vec<f32>,
}

fn main() {}
