use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    #[shm(timed)]
    #[shm(atomic)]
    step: u64,
}

fn main() {}
