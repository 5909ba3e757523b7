use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(C, align(16))]
struct Sample {
    value: f32,
}

fn main() {}
