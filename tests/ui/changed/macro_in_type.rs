#![forbid(unsafe_code)]

use shma_core::ShmState;
use shma_tests_macros::one_of;

#[derive(ShmState)]
struct Model {
    step: one_of!(Box<u64>, u64),
}

#[derive(ShmState)]
struct Rows<const N: usize> {
    rows: [[f32; 4]; N],
    step: [one_of!(u64, &'static u64); 3],
}

fn main() {}
