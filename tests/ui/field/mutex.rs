use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    count: std::sync::Mutex<u64>,
}

fn main() {}
