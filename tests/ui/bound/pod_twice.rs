use shma_core::ShmElement;
use shma_core::bytemuck::{Pod, Zeroable};

#[derive(Clone, Copy, Pod, Zeroable, ShmElement)]
#[bytemuck(crate = "shma_core::bytemuck")]
#[repr(C)]
struct Point {
    x: f32,
}

fn main() {}
