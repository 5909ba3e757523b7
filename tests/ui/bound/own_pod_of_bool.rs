use shma_core::ShmElement;
use shma_core::bytemuck::{Pod, Zeroable};

type Flag = bool;

#[derive(Clone, Copy, ShmElement)]
#[shm(own_pod)]
#[repr(C)]
struct Lamp {
    on: Flag,
}

unsafe impl Zeroable for Lamp {}
unsafe impl Pod for Lamp {}

fn main() {}
