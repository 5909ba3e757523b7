use shma_core::ShmState;

#[derive(ShmState)]
#[shm(label = "model")]
struct Model {
    weights: [f32; 3],
    #[shm(no_merge, skip)]
    step: u64,
}

fn main() {}
