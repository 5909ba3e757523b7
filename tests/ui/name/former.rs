use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    #[shm(was = "step")]
    step: u64,
    #[shm(was = "w")]
    weight: f32,
    #[shm(was = "w")]
    bias: f32,
    #[shm(was = "layers/0")]
    slash: f32,
    #[shm(was)]
    no_value: f32,
}

fn main() {}
