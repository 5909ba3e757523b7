use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    weights: Box<[f32; 3]>,
}

fn main() {}
