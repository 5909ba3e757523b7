use shma_core::ShmState;

#[derive(ShmState)]
struct Borrowed<'a> {
    weights: &'a [f32; 3],
    step: u64,
}

fn main() {}
