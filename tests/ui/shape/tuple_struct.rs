use shma_core::ShmState;

#[derive(ShmState)]
struct Pair(f32, [f32; 3]);

fn main() {}
