#![forbid(unsafe_code)]

use shma_core::ShmElement;
use shma_tests_macros::becomes;

#[derive(Clone, Copy, ShmElement)]
#[becomes(#[repr(C)] struct Model { step: u64, on: bool, gap: [u8; 7] })]
#[repr(C)]
struct Model {
    step: u64,
}

fn main() {}
