use shma_core::{ShmElement, ShmState};

macro_rules! ten {
    ($name:ident of $member:ty) => {
        #[derive(Clone, Copy, ShmElement)]
        #[repr(C)]
        struct $name {
            a: $member,
            b: $member,
            c: $member,
            d: $member,
            e: $member,
            f: $member,
            g: $member,
            h: $member,
            i: $member,
            j: $member,
        }
    };
}

ten!(Ten of u8);
ten!(Hundred of Ten);
ten!(Thousand of Hundred);
ten!(TenThousand of Thousand);

#[derive(ShmState)]
struct Model<const N: usize> {
    values: [TenThousand; N],
}

const NAME: &str = Model::<2>::MANIFEST.name;

fn main() {}
