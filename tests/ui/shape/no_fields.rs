use shma_core::ShmState;

#[derive(ShmState)]
struct Nothing {}

fn main() {}
