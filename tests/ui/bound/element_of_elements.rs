use shma_core::ShmElement;

#[derive(Clone, Copy)]
#[repr(C)]
struct Point {
    x: f32,
    y: f32,
}

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Line {
    from: Point,
    to: Point,
}

fn main() {}
