#![forbid(unsafe_code)]

use shma_core::ShmElement;
use shma_tests_macros::becomes;

#[derive(Clone, Copy, ShmElement)]
#[becomes(#[repr(C)] union Model { step: u64 })]
#[repr(C)]
struct Model {
    step: u64,
}

fn main() {}
