use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(transparent)]
struct Metres(f32);

fn main() {}
