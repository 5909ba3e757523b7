#![forbid(unsafe_code)]

use shma_core::ShmState;
use shma_tests_macros::becomes;

#[derive(ShmState)]
#[becomes(struct Model { rows: [f32; 5] })]
struct Model {
    rows: [f32; 4],
}

fn main() {}
