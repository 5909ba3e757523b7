use shma_core::ShmState;

type Count = u16;

#[derive(ShmState)]
struct Model {
    #[shm(atomic)]
    counts: [Count; 4],
}

fn main() {}
