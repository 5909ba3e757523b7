use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    weights: [f32; if cfg!(debug_assertions) { 8 } else { 1024 }],
}

fn main() {}
