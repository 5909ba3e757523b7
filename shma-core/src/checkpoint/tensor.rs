//! How a type stands in a `.safetensors` file.
//!
//! The format knows numbers of up to 8 bytes. What it has no type for, u128, i128, complex numbers and
//! structs, goes as bytes with one more dimension.

use safetensors::Dtype;

use crate::manifest::element::ElementType;

/// The numbers that the format has, by their names in Rust.
const NUMBERS: [(&str, Dtype); 12] = [
    ("u8", Dtype::U8),
    ("u16", Dtype::U16),
    ("u32", Dtype::U32),
    ("u64", Dtype::U64),
    ("i8", Dtype::I8),
    ("i16", Dtype::I16),
    ("i32", Dtype::I32),
    ("i64", Dtype::I64),
    ("f16", Dtype::F16),
    ("bf16", Dtype::BF16),
    ("f32", Dtype::F32),
    ("f64", Dtype::F64),
];

/// A type as the format tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
}

impl Form {
    pub(super) fn of(ty: &ElementType<'_>) -> Self {
        let mut shape = ty.shape();
        let dtype = dtype_of(ty.scalar()).unwrap_or_else(|| {
            shape.push(ty.scalar().size());
            Dtype::U8
        });
        Self { dtype, shape }
    }

    /// Whether a tensor of this form holds the bytes of a value of the type. A truth value is a byte here.
    pub(super) fn holds(&self, ty: &ElementType<'_>) -> bool {
        let dtype = if self.dtype == Dtype::BOOL { Dtype::U8 } else { self.dtype };
        Self { dtype, shape: self.shape.clone() } == Self::of(ty) || self.holds_complex(ty)
    }

    /// The shape in scalars of this type, if a tensor of this form consists of them and has as many
    /// dimensions.
    pub(super) fn shape_as(&self, ty: &ElementType<'_>) -> Option<Vec<usize>> {
        let mut shape = self.shape.clone();
        let has_its_own = dtype_of(ty.scalar()).is_some() || self.dtype == Dtype::C64;
        if !has_its_own && shape.pop() != Some(ty.scalar().size()) {
            return None;
        }
        let scalar = Self { dtype: self.dtype, shape: self.shape[shape.len()..].to_vec() };
        (shape.len() == ty.shape().len() && scalar.holds(ty.scalar())).then_some(shape)
    }

    /// The format has one complex type, which other programs write.
    fn holds_complex(&self, ty: &ElementType<'_>) -> bool {
        self.dtype == Dtype::C64
            && is_number(ty.scalar(), "Complex<f32>")
            && self.shape == ty.shape()
    }
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.dtype, self.shape)
    }
}

fn dtype_of(scalar: &ElementType<'_>) -> Option<Dtype> {
    NUMBERS.iter().find(|(name, _)| is_number(scalar, name)).map(|(_, dtype)| *dtype)
}

fn is_number(ty: &ElementType<'_>, name: &str) -> bool {
    matches!(ty, ElementType::Number { name: found, .. } if *found == name)
}
