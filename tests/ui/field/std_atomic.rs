use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    count: std::sync::atomic::AtomicU64,
}

fn main() {}
