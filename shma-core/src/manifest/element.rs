//! What may be shared: [`Element`], its scalars, and how its type prints.
//!
//! `unsafe` here: implementing the `unsafe` traits for the primitive numbers and their arrays.
#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;

use bytemuck::Pod;

use super::number::Number;

/// The most dimensions of an array, which are those of numpy.
pub(super) const MOST_DIMENSIONS: usize = 64;

/// The shape of an element's type, as the manifest tells it. `Display` prints it as Rust does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ElementType<'m> {
    /// A number.
    Number {
        /// Its name in Rust, such as `f32`.
        name: &'m str,
        /// Its size in bytes.
        size: usize,
    },
    /// An array, in C order.
    Array {
        /// The type of its elements, which may be an array itself.
        of: &'m ElementType<'m>,
        /// How many there are; never 0.
        len: usize,
    },
    /// A struct with `#[derive(ShmElement)]`.
    Struct {
        /// Its identifier.
        name: &'m str,
        /// Its size in bytes.
        size: usize,
        /// Its fields in the order of declaration.
        fields: &'m [StructField<'m>],
    },
}

/// One field of a struct element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StructField<'m> {
    /// Its name.
    pub name: &'m str,
    /// Its type.
    pub ty: &'m ElementType<'m>,
    /// Its offset in the struct, in bytes.
    pub offset: usize,
}

impl<'m> StructField<'m> {
    /// Describes one field; for generated code.
    #[doc(hidden)]
    pub const fn new(name: &'m str, ty: &'m ElementType<'m>, offset: usize) -> Self {
        Self { name, ty, offset }
    }
}

impl<'m> ElementType<'m> {
    /// Bytes of one value.
    pub const fn size(&self) -> usize {
        match self {
            Self::Number { size, .. } | Self::Struct { size, .. } => *size,
            Self::Array { of, len } => of.size() * *len,
        }
    }

    /// The type of the innermost elements: a number or a struct.
    pub const fn scalar(&self) -> &Self {
        match self {
            Self::Array { of, .. } => of.scalar(),
            other => other,
        }
    }

    /// How many arrays are nested.
    pub(super) const fn dimensions(&self) -> usize {
        match self {
            Self::Array { of, .. } => 1 + of.dimensions(),
            _ => 0,
        }
    }

    /// The lengths of nested arrays, outermost first, and zeros behind them.
    #[track_caller]
    const fn lengths(&self) -> [usize; MOST_DIMENSIONS] {
        assert!(self.dimensions() <= MOST_DIMENSIONS, "an array has at most 64 dimensions");
        let mut lengths = [0; MOST_DIMENSIONS];
        let (mut ty, mut i) = (self, 0);
        while let Self::Array { of, len } = ty {
            lengths[i] = *len;
            (ty, i) = (*of, i + 1);
        }
        lengths
    }

    /// Which number it is; `None` for arrays and structs.
    pub fn number(&self) -> Option<Number> {
        match self {
            Self::Number { name, .. } => Number::named(name),
            _ => None,
        }
    }

    /// The lengths of nested arrays, outermost first; empty for what is no array.
    pub fn shape(&self) -> Vec<usize> {
        let mut shape = Vec::new();
        let mut ty = self;
        while let Self::Array { of, len } = ty {
            shape.push(*len);
            ty = of;
        }
        shape
    }
}

impl fmt::Display for ElementType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { name, .. } | Self::Struct { name, .. } => f.pad(name),
            // Through a `String`, so that a width applies to the whole.
            Self::Array { of, len } => f.pad(&format!("[{of}; {len}]")),
        }
    }
}

impl PartialEq<str> for ElementType<'_> {
    fn eq(&self, text: &str) -> bool {
        let printed = self.to_string();
        printed == text
    }
}

impl PartialEq<&str> for ElementType<'_> {
    fn eq(&self, text: &&str) -> bool {
        *self == **text
    }
}

/// A value that can lie in a region: a number, an array of elements, or a struct with
/// `#[derive(ShmElement)]`.
///
/// Any bit pattern is a value, so nothing that a peer writes can be invalid, only wrong.
///
/// ```compile_fail
/// # use shma_core::ShmState;
/// #[derive(ShmState)]
/// struct Lamp {
///     on: bool, // not every byte is a bool: use u8
/// }
/// ```
///
/// # Safety
///
/// Every rule with what breaks without it:
///
/// - The type is as large as [`TYPE`](Self::TYPE) says, and not empty. A larger one would be read
///   beyond its slot.
/// - It is laid out as an array of [`Scalar`](Self::Scalar), without gaps: `size_of::<Self>()` is
///   a multiple of `size_of::<Scalar>()`, and `Scalar` is no more aligned than it. Otherwise the
///   scalars that element-wise closures get would not be the type's.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot lie in shared memory",
    label = "not an element",
    note = "an element is a number of fixed size (u8 to u128, i8 to i128, f32, f64), an array of elements, or a struct with `#[repr(C)]` and `#[derive(Clone, Copy, ShmElement)]`; write `u8` for a `bool`, `u64` for a `usize`, and a number with named constants for an enum"
)]
pub unsafe trait Element: Pod + Send + Sync {
    /// What element-wise closures get: the number itself, through arrays of any depth. A struct
    /// is its own scalar.
    type Scalar: Element<Scalar = Self::Scalar>;

    /// How the type prints and where its parts lie.
    const TYPE: &'static ElementType<'static>;

    /// The lengths of nested arrays, outermost first; empty for what is no array. With it a value's
    /// scalars in C order, as [`Field::read_flat`](crate::Field::read_flat) gives them, are an array
    /// of other libraries.
    ///
    /// ```
    /// # use shma_core::Element;
    /// assert_eq!(<[[f32; 784]; 128]>::SHAPE, [128, 784]);
    /// assert!(f64::SHAPE.is_empty());
    /// ```
    ///
    /// A type with more than 64 dimensions does not build where this is used, nor as a field.
    const SHAPE: &'static [usize] = Shape::<Self>::LENGTHS.split_at(Self::TYPE.dimensions()).0;
}

/// The shape of a type, and zeros behind it.
struct Shape<T>(PhantomData<T>);

impl<T: Element> Shape<T> {
    const LENGTHS: &'static [usize; MOST_DIMENSIONS] = &T::TYPE.lengths();
}

/// An element all of whose scalars are `E`s.
///
/// It lets a closure over a whole state infer its scalar, and it words the message when the fields
/// of a state do not share one. It is implemented together with [`Element`].
#[diagnostic::on_unimplemented(
    message = "the fields of this state do not share one scalar type: `{Self}` does not consist of `{E}`",
    label = "element-wise operations on the whole state need one scalar type",
    note = "mark the fields that do not consist of `{E}` with `#[shm(no_merge)]`; element-wise operations on the whole state then leave them as they are"
)]
pub trait OfScalar<E: Element>: Element<Scalar = E> {}

/// An element of an `#[shm(atomic)]` field: `u32`, `u64`, `i32`, `i64`, `f32`, `f64`, and arrays
/// of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an `#[shm(atomic)]` field",
    label = "not 4- or 8-byte numbers",
    note = "an atomic field is one of u32, u64, i32, i64, f32, f64, or an array of those; other types need a field without `#[shm(atomic)]`"
)]
pub trait AtomicElement: Element<Scalar: AtomicNumber> {}

/// A number that is its own atomic in an `#[shm(atomic)]` field.
pub trait AtomicNumber: Element<Scalar = Self> + sealed::Number {}

/// An integer that is its own atomic in an `#[shm(atomic)]` field: `u32`, `u64`, `i32`, `i64`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no integer, and bitwise operations are for integers",
    label = "not an integer of 4 or 8 bytes",
    note = "the bits of a float can be changed by `compare_exchange`, or kept in a field of `u32` or `u64`"
)]
pub trait AtomicInteger: AtomicNumber {}

pub(crate) mod sealed {
    use crate::words::numbers::Lane;

    /// How a number passes through an atomic word of its own size.
    pub trait Number: Lane {
        /// Its bits, in the low bytes.
        fn to_bits(self) -> u64;
        /// The number with these bits.
        fn from_bits(bits: u64) -> Self;
        /// Subtraction: integers wrap.
        fn minus(self, other: Self) -> Self;
        /// The larger one; a NaN loses against a number.
        fn larger(self, other: Self) -> Self;
        /// The smaller one; a NaN loses against a number.
        fn smaller(self, other: Self) -> Self;
    }
}

macro_rules! number {
    ($($number:ty),*) => {$(
        // SAFETY: the type is a primitive number of the size that `size_of` gives, and its own scalar.
        unsafe impl Element for $number {
            type Scalar = Self;
            const TYPE: &'static ElementType<'static> =
                &ElementType::Number { name: stringify!($number), size: size_of::<$number>() };
        }
        impl OfScalar<$number> for $number {}
    )*};
}

number!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128, f32, f64);

impl AtomicInteger for u32 {}
impl AtomicInteger for u64 {}
impl AtomicInteger for i32 {}
impl AtomicInteger for i64 {}

macro_rules! atomic_number {
    ($($number:ty, $subtract:expr, $to:expr, $from:expr;)*) => {$(
        impl AtomicElement for $number {}
        impl AtomicNumber for $number {}
        impl sealed::Number for $number {
            #[inline]
            fn to_bits(self) -> u64 {
                $to(self)
            }
            #[inline]
            fn from_bits(bits: u64) -> Self {
                $from(bits)
            }
            #[inline]
            fn minus(self, other: Self) -> Self {
                $subtract(self, other)
            }
            #[inline]
            fn larger(self, other: Self) -> Self {
                <$number>::max(self, other)
            }
            #[inline]
            fn smaller(self, other: Self) -> Self {
                <$number>::min(self, other)
            }
        }
    )*};
}

atomic_number! {
    u32, u32::wrapping_sub, u64::from, |bits| bits as u32;
    u64, u64::wrapping_sub, |x| x, |bits| bits;
    i32, i32::wrapping_sub, |x: i32| u64::from(x as u32), |bits| bits as i32;
    i64, i64::wrapping_sub, |x: i64| x as u64, |bits| bits as i64;
    f32, |a: f32, b: f32| a - b, |x: f32| u64::from(f32::to_bits(x)), |bits| f32::from_bits(bits as u32);
    f64, |a: f64, b: f64| a - b, f64::to_bits, f64::from_bits;
}

// SAFETY: an array has no gaps, so it is as large as its description says, and since `E` is laid
// out as an array of its scalars, so is `[E; N]`. `N = 0` does not evaluate `TYPE`.
unsafe impl<E: Element, const N: usize> Element for [E; N] {
    type Scalar = E::Scalar;
    const TYPE: &'static ElementType<'static> = {
        assert!(N > 0, "an array in shared memory has at least one element");
        &ElementType::Array { of: E::TYPE, len: N }
    };
}

impl<E: Element, T: OfScalar<E>, const N: usize> OfScalar<E> for [T; N] {}
impl<E: AtomicElement, const N: usize> AtomicElement for [E; N] {}

#[cfg(feature = "half")]
mod with_half {
    use super::{Element, ElementType, OfScalar};

    macro_rules! half {
        ($($name:literal $number:ty),*) => {$(
            // SAFETY: two bytes without gaps (`half` makes it `Pod`), and its own scalar.
            unsafe impl Element for $number {
                type Scalar = Self;
                const TYPE: &'static ElementType<'static> = &ElementType::Number { name: $name, size: 2 };
            }
            impl OfScalar<$number> for $number {}
        )*};
    }

    half!("f16" half::f16, "bf16" half::bf16);
}

#[cfg(feature = "complex")]
mod with_complex {
    use num_complex::Complex;

    use super::{Element, ElementType, OfScalar};

    macro_rules! complex {
        ($($name:literal $real:ty),*) => {$(
            // SAFETY: two reals without a gap (`num-complex` makes it `Pod`), and its own scalar.
            unsafe impl Element for Complex<$real> {
                type Scalar = Self;
                const TYPE: &'static ElementType<'static> =
                    &ElementType::Number { name: $name, size: size_of::<Complex<$real>>() };
            }
            impl OfScalar<Complex<$real>> for Complex<$real> {}
        )*};
    }

    complex!("Complex<f32>" f32, "Complex<f64>" f64);
}

/// The scalars of a value.
#[inline]
pub(crate) fn scalars<T: Element>(value: &T) -> &[T::Scalar] {
    const { assert!(size_of::<T>().is_multiple_of(size_of::<T::Scalar>())) };
    const { assert!(align_of::<T>() >= align_of::<T::Scalar>()) };
    // The two assertions above are all that this cast checks, so it never panics.
    bytemuck::cast_slice(std::slice::from_ref(value))
}

/// The scalars of a value, to write.
#[inline]
pub(crate) fn scalars_mut<T: Element>(value: &mut T) -> &mut [T::Scalar] {
    const { assert!(size_of::<T>().is_multiple_of(size_of::<T::Scalar>())) };
    const { assert!(align_of::<T>() >= align_of::<T::Scalar>()) };
    bytemuck::cast_slice_mut(std::slice::from_mut(value))
}
