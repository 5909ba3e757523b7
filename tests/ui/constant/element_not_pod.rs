use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[shm(own_pod)]
#[repr(C)]
struct Point {
    x: f32,
    y: f32,
}

fn main() {}
