#![forbid(unsafe_code)]

use shma_core::ShmState;
use shma_tests_macros::becomes;

#[derive(ShmState)]
#[becomes(union Model { step: u64 })]
struct Model {
    step: u64,
}

fn main() {}
