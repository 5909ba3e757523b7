#![forbid(unsafe_code)]

use shma_core::ShmState;
use shma_tests_macros::becomes;

#[derive(ShmState)]
#[becomes(struct Model { step: u64, label: &'static str })]
struct Model {
    step: u64,
}

fn main() {}
