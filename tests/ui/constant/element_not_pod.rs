use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Point {
    x: f32,
    y: f32,
}

fn main() {}
