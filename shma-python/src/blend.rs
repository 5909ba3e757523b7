//! `old + alpha * new`, block by block.
//!
//! `unsafe` here: memory of arrays.

use std::ops::{Add, Mul};

use half::{bf16, f16};
use num_complex::Complex;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use shma_core::untyped::{self, Number, Wait};
use shma_core::{Element, Error, Version};

use crate::array::Memory;
use crate::base::FieldBase;
use crate::limit::{Limit, acquire};

/// A number that `add_scaled` works on.
trait Blend: Element<Scalar = Self> + Copy {
    /// A coefficient, of the precision that the calculation has.
    type Coefficient: Copy + Send;

    fn coefficient(of: f64) -> Self::Coefficient;

    /// `keep * old + take * new`.
    fn blend(old: Self, new: Self, keep: Self::Coefficient, take: Self::Coefficient) -> Self;
}

macro_rules! blends {
    ($($number:ty, $coefficient:ty;)*) => {$(
        impl Blend for $number {
            type Coefficient = $coefficient;

            #[allow(clippy::cast_possible_truncation, reason = "rounding is what is wanted")]
            fn coefficient(of: f64) -> $coefficient {
                of as $coefficient
            }

            #[inline(always)]
            fn blend(old: Self, new: Self, keep: $coefficient, take: $coefficient) -> Self {
                mixed(old, new, keep, take)
            }
        }
    )*};
}

blends! {
    f32, f32;
    f64, f64;
    Complex<f32>, f32;
    Complex<f64>, f64;
}

#[inline(always)]
fn mixed<T, C>(old: T, new: T, keep: C, take: C) -> T
where
    T: Mul<C, Output = T> + Add<Output = T>,
{
    old * keep + new * take
}

macro_rules! blends_by_f32 {
    ($($number:ty),*) => {$(
        impl Blend for $number {
            type Coefficient = f32;

            #[allow(clippy::cast_possible_truncation, reason = "rounding is what is wanted")]
            fn coefficient(of: f64) -> f32 {
                of as f32
            }

            #[inline(always)]
            fn blend(old: Self, new: Self, keep: f32, take: f32) -> Self {
                Self::from_f32(mixed(old.to_f32(), new.to_f32(), keep, take))
            }
        }
    )*};
}

blends_by_f32!(f16, bf16);

/// Publishes `keep * old + take * new`.
pub(crate) fn blend(
    field: &FieldBase,
    py: Python<'_>,
    call: &str,
    new: &Bound<'_, PyAny>,
    coefficients: (f64, f64),
    limit: Limit,
) -> PyResult<u64> {
    field.check_ordinary(call)?;
    let used = field.used()?;
    let run = match used.field.number() {
        Some(Number::F32) => run::<f32>,
        Some(Number::F64) => run::<f64>,
        Some(Number::F16) => run::<f16>,
        Some(Number::Bf16) => run::<bf16>,
        Some(Number::ComplexF32) => run::<Complex<f32>>,
        Some(Number::ComplexF64) => run::<Complex<f64>>,
        _ => {
            return Err(PyTypeError::new_err(format!(
                "{}: `{call}` is for floats and complex numbers; use `update` here",
                field.place()
            )));
        }
    };
    let (_array, from) = field.layout.fit(new, &field.place())?;
    let version =
        acquire(py, &field.shared, limit, true, |wait| run(&used.field, from, coefficients, wait))?;
    Ok(version.into())
}

fn run<E: Blend>(
    field: &untyped::Field,
    from: Memory,
    (keep, take): (f64, f64),
    wait: Wait,
) -> Result<Version, Error> {
    let (keep, take) = (E::coefficient(keep), E::coefficient(take));
    let wide = has_wide_registers();
    field.update_blocks::<E>(wait, |range, block| {
        let (first, len) = (range.start * size_of::<E>(), size_of_val(block));
        if first > from.len() || len > from.len() - first {
            return;
        }
        // SAFETY: inside of the array by the check above.
        let new = unsafe { from.at().add(first) };
        match wide {
            // SAFETY: the processor has them; `new` is of as many bytes as the block, which the caller keeps.
            #[cfg(target_arch = "x86_64")]
            true => unsafe { mix_wide(block, new, keep, take) },
            // SAFETY: `new` is of as many bytes as the block, which the caller keeps.
            _ => unsafe { mix(block, new, keep, take) },
        }
    })
}

#[cfg(target_arch = "x86_64")]
fn has_wide_registers() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_wide_registers() -> bool {
    false
}

/// As [`mix`], compiled for processors that have AVX2.
///
/// # Safety
///
/// As `mix`, and the processor has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn mix_wide<E: Blend>(
    block: &mut [E],
    new: *const u8,
    keep: E::Coefficient,
    take: E::Coefficient,
) {
    // SAFETY: as the caller promises.
    unsafe { mix(block, new, keep, take) };
}

/// Blends numbers of an array, which other threads may be writing to, into a block of private ones.
///
/// # Safety
///
/// `new` can be read for as many bytes as the block has. It need not be aligned.
#[inline(always)]
unsafe fn mix<E: Blend>(
    block: &mut [E],
    new: *const u8,
    keep: E::Coefficient,
    take: E::Coefficient,
) {
    let new = new.cast::<E>();
    for (at, old) in block.iter_mut().enumerate() {
        // SAFETY: inside of what can be read, because the block is as long.
        let new = unsafe { new.add(at) };
        // SAFETY: as above, and any bytes are a number.
        let new = unsafe { new.read_unaligned() };
        *old = E::blend(*old, new, keep, take);
    }
}
