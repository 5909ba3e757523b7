//! Runs of numbers in assembly: 16 bytes at a time.
//!
//! # Why no number is torn
//!
//! What the vendors promise for ordinary memory, and all that is used here:
//!
//! | access | promised by |
//! |---|---|
//! | 8 aligned bytes, by any instruction | Intel (SDM vol. 3A, "Guaranteed Atomic Operations") since the Pentium; AMD (APM vol. 2, "Access Atomicity") on every processor |
//! | 16 aligned bytes, by one load or store | Intel, for `movaps`, `movapd`, `movdqa` and their VEX.128 forms, where the processor has AVX; AMD, for every single load or store, where it has AVX |
//! | 32 or 64 bytes, or 16 that are not aligned | neither, not even number by number |
//!
//! So with AVX a vector is loaded and stored by `vmovaps`, without it by two accesses of 8 bytes
//! each. A vector begins at a multiple of 16 bytes, and so holds each of its numbers whole. The
//! numbers before the first whole vector and behind the last are accessed by the loop. A vector
//! across an end would store numbers that the call has nothing to do with. Wider vectors would be
//! faster in the first cache, but no manual promises that their numbers are whole.
//!
//! What an access of a whole vector does to a number is what a relaxed atomic access of the number's
//! own size does, so that is its meaning. An assembly block is opaque to the compiler, which can
//! neither assume that shared memory stands still nor move other accesses across. The processor
//! keeps the order of its stores; none here is non-temporal.
//!
//! `unsafe` here: assembly.
#![allow(unsafe_code)]

use std::arch::asm;
use std::mem::MaybeUninit;

use super::lane::Lane;
use super::loops;

/// Bytes of a vector.
pub(super) const VECTOR: usize = 16;

/// Bytes that the loops move in one turn. They move what is left vector by vector.
pub(super) const TURN: usize = 4 * VECTOR;

/// The ways to access a vector in shared memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vectors {
    /// As a whole.
    Whole,
    /// As two halves.
    Halves,
}

impl Vectors {
    /// The standard library remembers what it detects.
    #[inline]
    fn detect() -> Self {
        if std::is_x86_feature_detected!("avx") { Self::Whole } else { Self::Halves }
    }
}

/// As the loop.
#[inline]
pub(super) fn load<N: Lane>(from: &[N::Cell], into: &mut [MaybeUninit<N>]) {
    load_by(Vectors::detect(), from, into);
}

/// As the loop.
#[inline]
pub(super) fn store<N: Lane>(to: &[N::Cell], from: &[N]) {
    store_by(Vectors::detect(), to, from);
}

/// As the loop.
#[inline]
pub(super) fn add<N: Lane>(to: &[N::Cell], values: &[N]) {
    add_by(Vectors::detect(), to, values);
}

/// How many of the numbers lie before the first whole vector, and in whole vectors.
#[inline]
fn parts<N: Lane>(cells: &[N::Cell]) -> (usize, usize) {
    const { assert!(size_of::<N::Cell>() == size_of::<N>() && VECTOR.is_multiple_of(size_of::<N>())) };
    let before = cells.as_ptr().addr().wrapping_neg() % VECTOR / size_of::<N>();
    let before = before.min(cells.len());
    let behind = (cells.len() - before) % (VECTOR / size_of::<N>());
    (before, cells.len() - before - behind)
}

/// [`load`], in a way that the processor has.
#[inline]
pub(super) fn load_by<N: Lane>(vectors: Vectors, from: &[N::Cell], into: &mut [MaybeUninit<N>]) {
    let (before, inside) = parts::<N>(from);
    let ((head, from), (into_head, into)) = (from.split_at(before), into.split_at_mut(before));
    let ((middle, tail), (into, into_tail)) = (from.split_at(inside), into.split_at_mut(inside));
    loops::load(head, into_head);
    let (to, from, len) = (into.as_mut_ptr().cast(), middle.as_ptr().cast(), size_of_val(middle));
    match vectors {
        // SAFETY: both sides are `len` bytes, whole vectors; the private one is exclusively
        // borrowed, the shared one begins at one.
        Vectors::Whole => unsafe { load_whole(to, from, len) },
        // SAFETY: as above.
        Vectors::Halves => unsafe { load_halves(to, from, len) },
    }
    loops::load(tail, into_tail);
}

/// [`store`], in a way that the processor has.
#[inline]
pub(super) fn store_by<N: Lane>(vectors: Vectors, to: &[N::Cell], from: &[N]) {
    let (before, inside) = parts::<N>(to);
    let ((head, to), (from_head, from)) = (to.split_at(before), from.split_at(before));
    let ((middle, tail), (from, from_tail)) = (to.split_at(inside), from.split_at(inside));
    loops::store(head, from_head);
    let (to, len) = (middle.as_ptr().cast_mut().cast(), size_of_val(middle));
    match vectors {
        // SAFETY: both sides are `len` bytes, whole vectors; the shared one begins at one, and
        // consists of atomics, which may be written through a shared borrow.
        Vectors::Whole => unsafe { store_whole(to, from.as_ptr().cast(), len) },
        // SAFETY: as above.
        Vectors::Halves => unsafe { store_halves(to, from.as_ptr().cast(), len) },
    }
    loops::store(tail, from_tail);
}

/// [`add`], in a way that the processor has.
#[inline]
pub(super) fn add_by<N: Lane>(vectors: Vectors, to: &[N::Cell], values: &[N]) {
    let (before, inside) = parts::<N>(to);
    let ((head, to), (head_values, values)) = (to.split_at(before), values.split_at(before));
    let ((middle, tail), (values, tail_values)) = (to.split_at(inside), values.split_at(inside));
    loops::add(head, head_values);
    let add = match (vectors, N::WRAPS, size_of::<N>()) {
        (Vectors::Whole, true, 4) => add_whole_i32,
        (Vectors::Whole, true, _) => add_whole_i64,
        (Vectors::Whole, false, 4) => add_whole_f32,
        (Vectors::Whole, false, _) => add_whole_f64,
        (Vectors::Halves, true, 4) => add_halves_i32,
        (Vectors::Halves, true, _) => add_halves_i64,
        (Vectors::Halves, false, 4) => add_halves_f32,
        (Vectors::Halves, false, _) => add_halves_f64,
    };
    // SAFETY: both sides are as long, whole vectors of numbers of this kind; the shared one begins
    // at one, and consists of atomics, which may be written through a shared borrow.
    unsafe { add(middle.as_ptr().cast_mut().cast(), values.as_ptr().cast(), size_of_val(middle)) };
    loops::add(tail, tail_values);
}

/// What is done with one vector: `$v` is a register, and `$at` where the vector lies behind `{from}` and
/// `{to}`. The steps `_halves` access the shared side in halves.
#[rustfmt::skip]
macro_rules! load_whole {
    ($v:literal, $at:literal) => { concat!(
        "vmovaps ", $v, ", [{from}", $at, "]\n",
        "vmovups [{to}", $at, "], ", $v,
    ) };
}

#[rustfmt::skip]
macro_rules! load_halves {
    ($v:literal, $at:literal) => { concat!(
        "movsd ", $v, ", [{from}", $at, "]\n",
        "movhps ", $v, ", [{from} + 8", $at, "]\n",
        "movups [{to}", $at, "], ", $v,
    ) };
}

#[rustfmt::skip]
macro_rules! store_whole {
    ($v:literal, $at:literal) => { concat!(
        "vmovups ", $v, ", [{from}", $at, "]\n",
        "vmovaps [{to}", $at, "], ", $v,
    ) };
}

#[rustfmt::skip]
macro_rules! store_halves {
    ($v:literal, $at:literal) => { concat!(
        "movups ", $v, ", [{from}", $at, "]\n",
        "movlps [{to}", $at, "], ", $v, "\n",
        "movhps [{to} + 8", $at, "], ", $v,
    ) };
}

#[rustfmt::skip]
macro_rules! add_whole {
    ($v:literal, $at:literal, $add:literal) => { concat!(
        "vmovaps ", $v, ", [{to}", $at, "]\n",
        "v", $add, " ", $v, ", ", $v, ", [{from}", $at, "]\n",
        "vmovaps [{to}", $at, "], ", $v,
    ) };
}

#[rustfmt::skip]
macro_rules! add_halves {
    ($v:literal, $at:literal, $add:literal) => { concat!(
        "movsd ", $v, ", [{to}", $at, "]\n",
        "movhps ", $v, ", [{to} + 8", $at, "]\n",
        "movups {more}, [{from}", $at, "]\n",
        $add, " ", $v, ", {more}\n",
        "movlps [{to}", $at, "], ", $v, "\n",
        "movhps [{to} + 8", $at, "], ", $v,
    ) };
}

/// A function that takes one of these steps for each of some vectors, four in a turn.
macro_rules! for_vectors {
    ($name:ident, $step:ident $(, $add:literal)?) => {
        /// # Safety
        ///
        /// `from` can be read and `to` written for `len` bytes, they do not overlap, `len` is a
        /// multiple of [`VECTOR`], the shared side is aligned to it and accessed atomically by all
        /// others, and the processor has AVX unless this accesses halves.
        unsafe fn $name(to: *mut u8, from: *const u8, len: usize) {
            // SAFETY: touches `[from, from + len)` and `[to, to + len)` alone: the first loop ends
            // behind the last whole turn, and the second one behind the last vector.
            unsafe {
                asm!(
                    "cmp {to}, {turns}",
                    "je 3f",
                    ".p2align 4",
                    "2:",
                    $step!("{a}", "" $(, $add)?),
                    $step!("{b}", " + 16" $(, $add)?),
                    $step!("{c}", " + 32" $(, $add)?),
                    $step!("{d}", " + 48" $(, $add)?),
                    "add {from}, 64",
                    "add {to}, 64",
                    "cmp {to}, {turns}",
                    "jne 2b",
                    "3:",
                    "cmp {to}, {end}",
                    "je 5f",
                    "4:",
                    $step!("{a}", "" $(, $add)?),
                    "add {from}, 16",
                    "add {to}, 16",
                    "cmp {to}, {end}",
                    "jne 4b",
                    "5:",
                    "/* {more} */",
                    to = inout(reg) to => _,
                    from = inout(reg) from => _,
                    turns = in(reg) to.wrapping_add(len - len % TURN),
                    end = in(reg) to.wrapping_add(len),
                    a = out(xmm_reg) _,
                    b = out(xmm_reg) _,
                    c = out(xmm_reg) _,
                    d = out(xmm_reg) _,
                    more = out(xmm_reg) _,
                    options(nostack),
                );
            }
        }
    };
}

for_vectors!(load_whole, load_whole);
for_vectors!(load_halves, load_halves);
for_vectors!(store_whole, store_whole);
for_vectors!(store_halves, store_halves);
for_vectors!(add_whole_i32, add_whole, "paddd");
for_vectors!(add_whole_i64, add_whole, "paddq");
for_vectors!(add_whole_f32, add_whole, "addps");
for_vectors!(add_whole_f64, add_whole, "addpd");
for_vectors!(add_halves_i32, add_halves, "paddd");
for_vectors!(add_halves_i64, add_halves, "paddq");
for_vectors!(add_halves_f32, add_halves, "addps");
for_vectors!(add_halves_f64, add_halves, "addpd");
