use shma_core::ShmState;

mod units {
    pub type Count = usize;
}

#[derive(ShmState)]
struct Histogram<const N: usize> {
    bins: [units::Count; N],
}

fn main() {}
