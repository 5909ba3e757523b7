use shma_core::ShmState;

#[derive(ShmState)]
#[shm(fingerprint = 0x12)]
struct Model<const N: usize> {
    weights: [f32; N],
}

fn main() {}
