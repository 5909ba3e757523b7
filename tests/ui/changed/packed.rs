#![forbid(unsafe_code)]

use shma_core::ShmState;
use shma_tests_macros::becomes;

#[derive(ShmState)]
#[becomes(#[repr(packed)] struct Model { tag: u8, step: u64 })]
struct Model {
    tag: u8,
    step: u64,
}

fn main() {}
