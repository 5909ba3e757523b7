use shma_core::ShmState;

#[derive(ShmState)]
struct Large {
    small: u64,
    large: [[u64; 1 << 16]; 1 << 16],
}

fn main() {}
