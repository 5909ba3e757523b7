use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    marker: (),
}

fn main() {}
