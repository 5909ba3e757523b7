use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Node {
    next: *const Node,
}

fn main() {}
