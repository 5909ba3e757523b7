use shma_core::bytemuck::{Pod, Zeroable};
use shma_core::{ShmElement, ShmState};

#[derive(Clone, Copy, Pod, Zeroable, ShmElement)]
#[bytemuck(crate = "shma_core::bytemuck")]
#[repr(C)]
struct Point {
    x: f32,
    y: f32,
}

#[derive(ShmState)]
struct Track {
    #[shm(atomic)]
    last: Point,
}

fn main() {}
