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
//! `unsafe` here: memory that is filled before it is read.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use super::count;

#[cfg(not(all(target_arch = "x86_64", not(shma_tsan))))]
use loops as fastest;
#[cfg(all(target_arch = "x86_64", not(shma_tsan)))]
use x86 as fastest;

pub(crate) use lane::Lane;

mod lane;
mod loops;
#[cfg(test)]
mod tests;
#[cfg(all(target_arch = "x86_64", not(shma_tsan)))]
mod x86;

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
