use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    marker: std::marker::PhantomData<f32>,
}

fn main() {}
