use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    count: usize,
}

fn main() {}
