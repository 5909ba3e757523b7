//! What the accesses to runs of numbers mean.

use std::mem::MaybeUninit;

use super::lane::Lane;

/// Copies as many numbers as both have.
#[inline]
pub(super) fn load<N: Lane>(from: &[N::Cell], into: &mut [MaybeUninit<N>]) {
    for (into, cell) in into.iter_mut().zip(from) {
        into.write(N::load(cell));
    }
}

/// As [`load`], the other way.
#[inline]
pub(super) fn store<N: Lane>(to: &[N::Cell], from: &[N]) {
    for (cell, value) in to.iter().zip(from) {
        N::store(cell, *value);
    }
}

/// Adds to as many numbers as there are values for.
#[inline]
pub(super) fn add<N: Lane>(to: &[N::Cell], values: &[N]) {
    for (cell, value) in to.iter().zip(values) {
        N::store(cell, N::load(cell).plus(*value));
    }
}
