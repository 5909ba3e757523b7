use shma_core::ShmState;

#[derive(ShmState)]
#[shm(timed)]
struct Model {
    #[shm(name = "weights")]
    weights: [f32; 3],
}

fn main() {}
