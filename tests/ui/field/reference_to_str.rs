use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    name: &'static str,
}

fn main() {}
