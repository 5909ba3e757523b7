use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
#[shm(name = "point")]
struct Point {
    #[shm(no_merge)]
    x: f32,
    #[shm(precise)]
    y: f32,
}

fn main() {}
