use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    elapsed: std::time::Duration,
}

fn main() {}
