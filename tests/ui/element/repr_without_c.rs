use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(align(8))]
struct Span {
    first: u64,
}

fn main() {}
