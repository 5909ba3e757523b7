use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    callback: fn(f32) -> f32,
}

fn main() {}
