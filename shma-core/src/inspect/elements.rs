//! Bytes, and what they mean: arrays of scalars, of which each is a number or a struct, whose fields are
//! arrays again.

use std::fmt;

use crate::manifest::element::{ElementType, StructField};

/// An array of scalars, of any number of dimensions, as bytes and their type.
#[derive(Debug, Clone, Copy)]
pub struct Elements<'a> {
    ty: &'a ElementType<'a>,
    bytes: &'a [u8],
}

impl<'a> Elements<'a> {
    /// Takes bytes for a value of a type.
    ///
    /// # Panics
    ///
    /// If there are more or fewer bytes than such a value has.
    #[track_caller]
    pub fn new(ty: &'a ElementType<'a>, bytes: &'a [u8]) -> Self {
        assert_eq!(bytes.len(), ty.size(), "a {ty} has {} bytes", ty.size());
        Self { ty, bytes }
    }

    /// The type of the whole.
    pub fn ty(&self) -> &'a ElementType<'a> {
        self.ty
    }

    /// The bytes of the whole.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The lengths of its dimensions, outermost first; empty for a single scalar.
    pub fn shape(&self) -> Vec<usize> {
        self.ty.shape()
    }

    /// How many scalars there are; never 0.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.bytes.len() / self.ty.scalar().size()
    }

    /// A scalar, counted flat in C order.
    ///
    /// # Panics
    ///
    /// If the index is not below [`len`](Self::len).
    pub fn get(&self, index: usize) -> Scalar<'a> {
        let scalar = self.ty.scalar();
        let first = index.checked_mul(scalar.size()).expect("an index of the array");
        Scalar::of(scalar, &self.bytes[first..][..scalar.size()])
    }

    /// All scalars in C order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Scalar<'a>> {
        let scalar = self.ty.scalar();
        self.bytes.chunks_exact(scalar.size()).map(move |bytes| Scalar::of(scalar, bytes))
    }

    /// A field of a struct whose bytes these are.
    pub(super) fn member(bytes: &'a [u8], field: &StructField<'a>) -> Self {
        Self::new(field.ty, &bytes[field.offset..][..field.ty.size()])
    }
}

/// A scalar: what element-wise closures get, without its type.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Scalar<'a> {
    /// `u8` to `u128`.
    Unsigned(u128),
    /// `i8` to `i128`.
    Signed(i128),
    /// `f32`, and `f16` and `bf16`, of which each value is one of `f32`.
    Single(f32),
    /// `f64`.
    Double(f64),
    /// `Complex<f32>`: real part, imaginary part.
    ComplexSingle(f32, f32),
    /// `Complex<f64>`: real part, imaginary part.
    ComplexDouble(f64, f64),
    /// A struct with `#[derive(ShmElement)]`.
    Struct(Members<'a>),
}

/// The fields of a struct.
#[derive(Debug, Clone, Copy)]
pub struct Members<'a> {
    fields: &'a [StructField<'a>],
    bytes: &'a [u8],
}

impl<'a> Members<'a> {
    /// Name and value of each in the order of declaration.
    pub fn iter(self) -> impl ExactSizeIterator<Item = (&'a str, Elements<'a>)> {
        self.fields.iter().map(move |field| (field.name, Elements::member(self.bytes, field)))
    }
}

impl<'a> Scalar<'a> {
    /// The scalar of a type that is no array, with exactly the bytes of one.
    pub(super) fn of(ty: &'a ElementType<'a>, bytes: &'a [u8]) -> Self {
        let name = match ty {
            ElementType::Struct { fields, .. } => {
                return Self::Struct(Members { fields, bytes });
            }
            ElementType::Number { name, .. } => *name,
            ElementType::Array { .. } => unreachable!("the scalar of a type is no array"),
        };
        match name {
            "u8" => Self::Unsigned(u8::from_ne_bytes(exact(bytes)).into()),
            "u16" => Self::Unsigned(u16::from_ne_bytes(exact(bytes)).into()),
            "u32" => Self::Unsigned(u32::from_ne_bytes(exact(bytes)).into()),
            "u64" => Self::Unsigned(u64::from_ne_bytes(exact(bytes)).into()),
            "u128" => Self::Unsigned(u128::from_ne_bytes(exact(bytes))),
            "i8" => Self::Signed(i8::from_ne_bytes(exact(bytes)).into()),
            "i16" => Self::Signed(i16::from_ne_bytes(exact(bytes)).into()),
            "i32" => Self::Signed(i32::from_ne_bytes(exact(bytes)).into()),
            "i64" => Self::Signed(i64::from_ne_bytes(exact(bytes)).into()),
            "i128" => Self::Signed(i128::from_ne_bytes(exact(bytes))),
            "f16" => Self::Single(widen(u16::from_ne_bytes(exact(bytes)))),
            "bf16" => {
                let bits = u16::from_ne_bytes(exact(bytes));
                Self::Single(f32::from_bits(u32::from(bits) << 16))
            }
            "f32" => Self::Single(f32::from_ne_bytes(exact(bytes))),
            "f64" => Self::Double(f64::from_ne_bytes(exact(bytes))),
            "Complex<f32>" => {
                let part = |first: usize| f32::from_ne_bytes(exact(&bytes[first..first + 4]));
                Self::ComplexSingle(part(0), part(4))
            }
            "Complex<f64>" => {
                let part = |first: usize| f64::from_ne_bytes(exact(&bytes[first..first + 8]));
                Self::ComplexDouble(part(0), part(8))
            }
            // A number that this version does not know: its bits.
            _ => {
                let mut wide = [0; 16];
                wide[..bytes.len().min(16)].copy_from_slice(&bytes[..bytes.len().min(16)]);
                Self::Unsigned(u128::from_le_bytes(wide))
            }
        }
    }

    /// The number, rounded if it has to be; `None` for complex numbers and structs.
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Unsigned(number) => Some(number as f64),
            Self::Signed(number) => Some(number as f64),
            Self::Single(number) => Some(number.into()),
            Self::Double(number) => Some(number),
            Self::ComplexSingle(..) | Self::ComplexDouble(..) | Self::Struct(_) => None,
        }
    }
}

/// # Panics
///
/// If the length is another one.
fn exact<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("a scalar has the bytes that its type says")
}

/// The value of a half-precision number (IEEE 754, binary16).
fn widen(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10) & 0x1f;
    let fraction = u32::from(bits) & 0x3ff;
    match exponent {
        // A multiple of the smallest one, 2^-24; the product is exact.
        0 => f32::from_bits(sign | (fraction as f32 * 2.0_f32.powi(-24)).to_bits()),
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + (127 - 15)) << 23 | fraction << 13),
    }
}

impl fmt::Display for Scalar<'_> {
    /// Numbers as Rust prints them, with the precision asked for; structs as `{ name: .. }`, with
    /// their arrays flat.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(number) => fmt::Display::fmt(number, f),
            Self::Signed(number) => fmt::Display::fmt(number, f),
            Self::Single(number) => fmt::Debug::fmt(number, f),
            Self::Double(number) => fmt::Debug::fmt(number, f),
            Self::ComplexSingle(re, im) => write!(f, "{re:?}{im:+?}i"),
            Self::ComplexDouble(re, im) => write!(f, "{re:?}{im:+?}i"),
            Self::Struct(members) => {
                f.write_str("{ ")?;
                for (i, (name, elements)) in members.iter().enumerate() {
                    write!(f, "{}{name}: ", if i == 0 { "" } else { ", " })?;
                    member(f, elements)?;
                }
                f.write_str(" }")
            }
        }
    }
}

fn member(f: &mut fmt::Formatter<'_>, elements: Elements<'_>) -> fmt::Result {
    if elements.shape().is_empty() {
        return write!(f, "{}", elements.get(0));
    }
    f.write_str("[")?;
    for (i, scalar) in elements.iter().enumerate() {
        write!(f, "{}{scalar}", if i == 0 { "" } else { ", " })?;
    }
    f.write_str("]")
}
