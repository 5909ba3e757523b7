use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
struct Point {
    x: f32,
    y: f32,
}

fn main() {}
