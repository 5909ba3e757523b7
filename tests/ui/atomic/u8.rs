use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    #[shm(atomic)]
    counts: [[u8; 4]; 2],
}

fn main() {}
