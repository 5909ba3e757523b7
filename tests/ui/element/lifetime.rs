use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Label<'a> {
    text: &'a str,
}

fn main() {}
