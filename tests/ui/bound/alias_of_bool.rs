use shma_core::ShmState;

type Flag = bool;

#[derive(ShmState)]
struct Lamp {
    brightness: f32,
    on: Flag,
}

fn main() {}
