use shma_core::{ShmElement, ShmState};

#[derive(Clone, Copy, ShmElement)]
#[shm(own_pod = true)]
#[repr(C)]
struct Valued {
    x: f32,
}

#[derive(Clone, Copy, ShmElement)]
#[shm(own_pod, own_pod)]
#[repr(C)]
struct Twice {
    x: f32,
}

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct OnField {
    #[shm(own_pod)]
    x: f32,
}

#[derive(ShmState)]
#[shm(own_pod)]
struct OnState {
    x: f32,
}

fn main() {}
