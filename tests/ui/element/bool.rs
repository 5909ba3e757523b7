use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Lamp {
    brightness: f32,
    on: [bool; 4],
}

fn main() {}
