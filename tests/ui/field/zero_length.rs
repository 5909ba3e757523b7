use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    weights: [f32; 0],
}

fn main() {}
