use shma_core::{Atomic, ShmState};

#[derive(ShmState)]
struct Gain {
    #[shm(atomic)]
    factor: f32,
    #[shm(atomic)]
    factors: [f64; 4],
}

fn clear(factor: &Atomic<f32>, factors: &Atomic<[f64; 4]>) {
    factor.fetch_and(0.0);
    factors.fetch_xor(1, 0.0);
}

fn main() {}
