use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    on: bool,
}

fn main() {}
