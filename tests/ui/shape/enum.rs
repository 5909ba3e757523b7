use shma_core::ShmState;

#[derive(ShmState)]
enum Mode {
    Fast,
    Slow { speed: f32 },
}

fn main() {}
