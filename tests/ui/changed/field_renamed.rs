#![forbid(unsafe_code)]

use shma_core::ShmState;
use shma_tests_macros::becomes;

#[derive(ShmState)]
#[becomes(struct Model { steps: u64 })]
struct Model {
    step: u64,
}

fn main() {}
