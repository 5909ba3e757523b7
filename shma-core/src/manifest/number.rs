//! The numbers that there are.

/// A number that can lie in a region, as a manifest names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Number {
    /// `u8`.
    U8,
    /// `u16`.
    U16,
    /// `u32`.
    U32,
    /// `u64`.
    U64,
    /// `u128`.
    U128,
    /// `i8`.
    I8,
    /// `i16`.
    I16,
    /// `i32`.
    I32,
    /// `i64`.
    I64,
    /// `i128`.
    I128,
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// `f16` of the crate `half`: IEEE 754's binary16.
    F16,
    /// `bf16` of the crate `half`: the upper half of an `f32`.
    Bf16,
    /// `Complex<f32>` of the crate `num_complex`.
    ComplexF32,
    /// `Complex<f64>` of the crate `num_complex`.
    ComplexF64,
}

impl Number {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::U8,
        Self::U16,
        Self::U32,
        Self::U64,
        Self::U128,
        Self::I8,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::I128,
        Self::F32,
        Self::F64,
        Self::F16,
        Self::Bf16,
        Self::ComplexF32,
        Self::ComplexF64,
    ];

    /// Its name in a manifest, as Rust writes it.
    pub const fn name(self) -> &'static str {
        self.parts().0
    }

    /// Its size in bytes.
    pub const fn size(self) -> usize {
        self.parts().1
    }

    const fn parts(self) -> (&'static str, usize) {
        match self {
            Self::U8 => ("u8", 1),
            Self::U16 => ("u16", 2),
            Self::U32 => ("u32", 4),
            Self::U64 => ("u64", 8),
            Self::U128 => ("u128", 16),
            Self::I8 => ("i8", 1),
            Self::I16 => ("i16", 2),
            Self::I32 => ("i32", 4),
            Self::I64 => ("i64", 8),
            Self::I128 => ("i128", 16),
            Self::F32 => ("f32", 4),
            Self::F64 => ("f64", 8),
            Self::F16 => ("f16", 2),
            Self::Bf16 => ("bf16", 2),
            Self::ComplexF32 => ("Complex<f32>", 8),
            Self::ComplexF64 => ("Complex<f64>", 16),
        }
    }

    /// The number of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|number| number.name() == name)
    }

    /// Whether it can be its own atomic, in an atomic field.
    pub const fn may_be_atomic(self) -> bool {
        matches!(self, Self::U32 | Self::U64 | Self::I32 | Self::I64 | Self::F32 | Self::F64)
    }
}
