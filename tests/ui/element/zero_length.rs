use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Sample {
    value: f32,
    rest: [[f32; 0]; 3],
}

fn main() {}
