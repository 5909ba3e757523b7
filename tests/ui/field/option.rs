use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    limit: Option<f32>,
}

fn main() {}
