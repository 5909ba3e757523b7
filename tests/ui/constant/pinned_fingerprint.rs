use shma_core::ShmState;

#[derive(ShmState)]
#[shm(fingerprint = 0x12)]
struct Model {
    weights: [f32; 3],
}

fn main() {}
