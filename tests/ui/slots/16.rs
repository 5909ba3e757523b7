use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    #[shm(slots = 16)]
    step: u64,
}

fn main() {}
