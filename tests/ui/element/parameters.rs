use shma_core::ShmElement;

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Vector<T, const N: usize> {
    values: [T; N],
}

fn main() {}
