use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    flags: [[bool; 2]; 2],
}

fn main() {}
