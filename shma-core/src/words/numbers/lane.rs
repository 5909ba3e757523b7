//! Numbers that can be moved and added as lanes of a vector.
//!
//! `unsafe` here: a trait that the assembly relies on.
#![allow(unsafe_code)]

use bytemuck::Pod;

use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// A number that is an atomic of its own size in shared memory.
///
/// # Safety
///
/// - `Cell` is the standard library's atomic integer of the size of the number, which is four or
///   eight bytes. Assembly would access memory beside a smaller one.
/// - The number is a primitive integer if `WRAPS`, otherwise a primitive float. Assembly adds
///   accordingly.
pub unsafe trait Lane: Pod {
    /// The atomic.
    type Cell;
    /// Whether addition is that of integers, which wrap.
    const WRAPS: bool;
    /// A relaxed load.
    fn load(cell: &Self::Cell) -> Self;
    /// A relaxed store.
    fn store(cell: &Self::Cell, value: Self);
    /// Addition: integers wrap.
    fn plus(self, other: Self) -> Self;
}

macro_rules! lanes {
    ($($number:ty, $cell:ty, $wraps:expr, $plus:expr;)*) => {$(
        // SAFETY: the atomic has the number's size, which `cast` checks, and the number is a
        // primitive one.
        unsafe impl Lane for $number {
            type Cell = $cell;
            const WRAPS: bool = $wraps;
            // Relaxed, both: a number is ordered with nothing but itself. The count of the call,
            // which follows, releases it.
            #[inline]
            fn load(cell: &$cell) -> Self {
                bytemuck::cast(cell.load(Ordering::Relaxed))
            }
            #[inline]
            fn store(cell: &$cell, value: Self) {
                cell.store(bytemuck::cast(value), Ordering::Relaxed);
            }
            #[inline]
            fn plus(self, other: Self) -> Self {
                $plus(self, other)
            }
        }
    )*};
}

lanes! {
    u32, AtomicU32, true, u32::wrapping_add;
    u64, AtomicU64, true, u64::wrapping_add;
    i32, AtomicU32, true, i32::wrapping_add;
    i64, AtomicU64, true, i64::wrapping_add;
    f32, AtomicU32, false, |a: f32, b: f32| a + b;
    f64, AtomicU64, false, |a: f64, b: f64| a + b;
}
