use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Span {
    first: usize,
    text: char,
    kind: Option<u8>,
}

fn main() {}
