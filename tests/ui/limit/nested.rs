use shma_core::{ShmElement, ShmState};

macro_rules! within {
    ($inner:ty, $name:ident $($more:ident)*) => {
        #[derive(Clone, Copy, ShmElement)]
        #[repr(C)]
        struct $name {
            inner: $inner,
        }
        within!($name, $($more)*);
    };
    ($inner:ty,) => {};
}

within!(u8,
    S1 S2 S3 S4 S5 S6 S7 S8 S9 S10
    S11 S12 S13 S14 S15 S16 S17 S18 S19 S20
    S21 S22 S23 S24 S25 S26 S27 S28 S29 S30
    S31 S32 S33
);

#[derive(ShmState)]
struct Nested {
    most: [S32; 2],
    more: S33,
}

fn main() {}
