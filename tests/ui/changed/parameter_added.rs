#![forbid(unsafe_code)]

use shma_core::ShmState;
use shma_tests_macros::becomes;

#[derive(ShmState)]
#[becomes(struct Model<T = &'static str> { step: u64, label: T })]
struct Model {
    step: u64,
}

fn main() {}
