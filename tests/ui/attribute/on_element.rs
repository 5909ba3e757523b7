use shma_core::ShmElement;
use shma_core::bytemuck::{Pod, Zeroable};

#[derive(Clone, Copy, Pod, Zeroable, ShmElement)]
#[bytemuck(crate = "shma_core::bytemuck")]
#[repr(C)]
#[shm(name = "point")]
struct Point {
    #[shm(no_merge)]
    x: f32,
    #[shm(precise)]
    y: f32,
}

fn main() {}
