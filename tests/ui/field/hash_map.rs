use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    counts: std::collections::HashMap<u32, u64>,
}

fn main() {}
