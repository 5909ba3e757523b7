#![forbid(unsafe_code)]

use shma_core::ShmElement;
use shma_tests_macros::becomes;

#[derive(Clone, Copy, ShmElement)]
#[becomes(#[repr(C)] struct Model { step: u64, on: bool })]
#[repr(C)]
struct Model {
    step: u64,
    on: u8,
}

fn main() {}
