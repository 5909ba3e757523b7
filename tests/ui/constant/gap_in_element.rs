use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Sample {
    channel: u8,
    value: f32,
}

fn main() {}
