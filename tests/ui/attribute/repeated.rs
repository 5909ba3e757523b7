use shma_core::ShmState;

#[derive(ShmState)]
#[shm(name = "model", name = "model")]
struct Model {
    #[shm(no_merge, slots = 2)]
    #[shm(slots = 2)]
    step: u64,
    #[shm(timed, timed)]
    time: f64,
}

fn main() {}
