use shma_core::ShmState;

#[derive(ShmState)]
struct Model {
    step: u64,
    next: *const u8,
}

fn main() {}
