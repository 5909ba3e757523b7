use shma_core::ShmElement;

#[derive(ShmElement)]
#[repr(C)]
struct Point {
    x: f32,
    y: f32,
}

fn main() {}
