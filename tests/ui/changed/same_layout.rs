#![forbid(unsafe_code)]

use shma_core::ShmState;
use shma_tests_macros::becomes;

#[derive(ShmState)]
#[becomes(struct Model { step: i64 })]
struct Model {
    step: u64,
}

fn main() {}
