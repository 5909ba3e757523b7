#![forbid(unsafe_code)]

use shma_core::ShmState;
use shma_tests_macros::becomes;

#[derive(ShmState)]
#[becomes(struct Model<const COLUMNS: usize, const ROWS: usize> { cells: [[f32; COLUMNS]; ROWS] })]
struct Model<const ROWS: usize, const COLUMNS: usize> {
    cells: [[f32; COLUMNS]; ROWS],
}

fn main() {}
