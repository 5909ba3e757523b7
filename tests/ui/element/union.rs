use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
union Bits {
    whole: u32,
    parts: [u8; 4],
}

fn main() {}
