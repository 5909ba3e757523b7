use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    callback: dyn Fn(f32) -> f32,
}

fn main() {}
