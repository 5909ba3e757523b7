use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    #[shm(name = "")]
    nothing: f32,
    #[shm(name = "layers..weight")]
    empty_part: f32,
    #[shm(name = "layers.0.")]
    no_last_part: f32,
    #[shm(name = "layers/0")]
    slash: f32,
    #[shm(name = "a weight")]
    space: f32,
    #[shm(name = weight)]
    no_text: f32,
    #[shm(name)]
    no_value: f32,
}

fn main() {}
