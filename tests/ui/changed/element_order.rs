#![forbid(unsafe_code)]

use shma_core::ShmElement;
use shma_tests_macros::becomes;

#[derive(Clone, Copy, ShmElement)]
#[becomes(#[repr(C)] struct Model { step: u64, low: u32, high: u32 })]
#[repr(C)]
struct Model {
    low: u32,
    high: u32,
    step: u64,
}

fn main() {}
