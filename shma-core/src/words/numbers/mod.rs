//! Runs of numbers in shared memory, each of them an atomic of its own size: copied to private
//! memory and back, and added to.
//!
//! The meaning is a loop of relaxed atomic accesses, a number at a time: see `loops`. An addition
//! there loads a number, adds, and stores the sum. It is no read-modify-write: what another thread
//! stores between the two accesses is overwritten. No number is ever torn, and no number outside of
//! the run is accessed.
//!
//! The pair of copies in [`words`](super) does not fit here: it means words of eight bytes, and two
//! numbers of four bytes share a word.
//!
//! LLVM does not vectorise atomic accesses, so on x86-64 whole vectors are moved and added by
//! assembly with the same meaning: see `x86`. ThreadSanitizer does not see into assembly, so its
//! builds (`--cfg shma_tsan`) use the loops.
//!
//! `unsafe` here: memory that is filled before it is read, and a trait that `x86` relies on.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use bytemuck::Pod;

use super::count;
use crate::sync::{AtomicU32, AtomicU64, Ordering};

#[cfg(not(all(target_arch = "x86_64", not(shma_tsan))))]
use loops as fastest;
#[cfg(all(target_arch = "x86_64", not(shma_tsan)))]
use x86 as fastest;

mod loops;
#[cfg(test)]
mod tests;
#[cfg(all(target_arch = "x86_64", not(shma_tsan)))]
mod x86;

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

/// Copies all numbers, and returns the copies.
///
/// # Panics
///
/// If there is not exactly the room for them.
#[inline]
pub(crate) fn load<'a, N: Lane>(from: &[N::Cell], into: &'a mut [MaybeUninit<N>]) -> &'a mut [N] {
    assert!(from.len() == into.len());
    count(size_of_val(into));
    fastest::load(from, into);
    // SAFETY: `load` has written all of them.
    unsafe { into.assume_init_mut() }
}

/// [`load`] into numbers that are initialised already.
#[inline]
pub(crate) fn load_over<N: Lane>(from: &[N::Cell], into: &mut [N]) {
    let numbers: *mut [N] = into;
    // SAFETY: the same numbers, exclusively borrowed for the call; `load` writes only initialised
    // values into them, so they stay initialised.
    load(from, unsafe { &mut *(numbers as *mut [MaybeUninit<N>]) });
}

/// Stores all numbers.
///
/// # Panics
///
/// If there are not exactly as many in shared memory.
#[inline]
pub(crate) fn store<N: Lane>(to: &[N::Cell], from: &[N]) {
    assert!(to.len() == from.len());
    count(size_of_val(from));
    fastest::store(to, from);
}

/// Adds to each number by a load and a store. Integers wrap.
///
/// # Panics
///
/// If there are not exactly as many in shared memory.
#[inline]
pub(crate) fn add<N: Lane>(to: &[N::Cell], values: &[N]) {
    assert!(to.len() == values.len());
    count(2 * size_of_val(values));
    fastest::add(to, values);
}
