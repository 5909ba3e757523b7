use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    position: (f32, f32),
}

fn main() {}
