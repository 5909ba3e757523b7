use shma_core::ShmElement;
use shma_core::bytemuck::{Pod, Zeroable};

#[derive(Clone, Copy, ShmElement)]
#[shm(own_pod)]
#[repr(C)]
struct Sample {
    channel: u8,
    value: f32,
}

unsafe impl Zeroable for Sample {}
unsafe impl Pod for Sample {}

fn main() {}
