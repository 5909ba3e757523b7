use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    #[shm(atomic, slots = 2)]
    step: u64,
}

fn main() {}
