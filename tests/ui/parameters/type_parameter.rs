use shma_core::ShmState;

#[derive(ShmState)]
struct Model<T, const N: usize> {
    weights: [T; N],
    step: u64,
}

fn main() {}
