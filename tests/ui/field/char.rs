use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    letter: char,
}

fn main() {}
