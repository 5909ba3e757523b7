use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    #[shm(slots = 0)]
    step: u64,
}

fn main() {}
