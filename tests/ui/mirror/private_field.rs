use shma_core::Shm;

mod model {
    #[derive(shma_core::ShmState)]
    pub struct Model {
        pub weights: [f32; 3],
        step: u64,
    }
}

fn step(model: &Shm<model::Model>) -> u64 {
    model.weights.read();
    model.step.read()
}

fn main() {}
