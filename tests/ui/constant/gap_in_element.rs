use shma_core::ShmElement;
use shma_core::bytemuck::{Pod, Zeroable};

#[derive(Clone, Copy, Zeroable, ShmElement)]
#[bytemuck(crate = "shma_core::bytemuck")]
#[repr(C)]
struct Sample {
    channel: u8,
    value: f32,
}

// SAFETY: none: there are three bytes between the fields.
unsafe impl Pod for Sample {}

fn main() {}
