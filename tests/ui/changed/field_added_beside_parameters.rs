#![forbid(unsafe_code)]

use shma_core::ShmState;
use shma_tests_macros::becomes;

#[derive(ShmState)]
#[becomes(struct Model<const ROWS: usize> { cells: [f32; ROWS], label: &'static str })]
struct Model<const ROWS: usize> {
    cells: [f32; ROWS],
}

fn main() {}
