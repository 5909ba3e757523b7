use shma_core::{ShmState, assert_same_layout};

#[derive(ShmState)]
struct Model {
    weights: [f32; 3],
    step: u64,
}

mod other {
    #[derive(shma_core::ShmState)]
    pub struct Model {
        weights: [f32; 3],
        step: u32,
    }
}

assert_same_layout!(Model, other::Model);

fn main() {}
