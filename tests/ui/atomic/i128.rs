use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    #[shm(atomic)]
    counts: [[i128; 4]; 2],
}

fn main() {}
