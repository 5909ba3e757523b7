use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(u8)]
enum Mode {
    Fast,
    Slow,
}

fn main() {}
