use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    #[shm(name = "layers.0.weight")]
    first: f32,
    #[shm(name = "layers.0.weight")]
    second: f32,
    #[shm(name = "bias")]
    third: f32,
    bias: f32,
}

fn main() {}
