use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Label {
    text: &'static str,
}

fn main() {}
