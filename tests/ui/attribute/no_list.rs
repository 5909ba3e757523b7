use shma_core::ShmState;

#[derive(ShmState)]
#[shm]
struct Model {
    #[shm = "no_merge"]
    step: u64,
}

fn main() {}
