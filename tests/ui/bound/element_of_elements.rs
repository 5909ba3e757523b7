use shma_core::ShmElement;
use shma_core::bytemuck::{Pod, Zeroable};

#[derive(Clone, Copy, Pod, Zeroable)]
#[bytemuck(crate = "shma_core::bytemuck")]
#[repr(C)]
struct Point {
    x: f32,
    y: f32,
}

#[derive(Clone, Copy, Pod, Zeroable, ShmElement)]
#[bytemuck(crate = "shma_core::bytemuck")]
#[repr(C)]
struct Line {
    from: Point,
    to: Point,
}

fn main() {}
