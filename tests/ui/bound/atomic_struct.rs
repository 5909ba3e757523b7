use shma_core::{ShmElement, ShmState};

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Point {
    x: f32,
    y: f32,
}

#[derive(ShmState)]
struct Track {
    #[shm(atomic)]
    last: Point,
}

fn main() {}
