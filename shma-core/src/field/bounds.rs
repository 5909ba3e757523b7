//! Ranges that a caller gives, as numbers.

use std::ops::{Bound, Range, RangeBounds};

use crate::error::Place;

/// The range as numbers.
///
/// # Panics
///
/// If it does not lie in `0..len`; the message names the place.
#[track_caller]
pub(crate) fn within(
    range: &impl RangeBounds<usize>,
    len: usize,
    place: impl FnOnce() -> Place,
) -> Range<usize> {
    let start = match range.start_bound() {
        Bound::Included(&start) => start,
        Bound::Excluded(&before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&last) => last.saturating_add(1),
        Bound::Excluded(&end) => end,
        Bound::Unbounded => len,
    };
    assert!(start <= end && end <= len, "range {start}..{end} of {}, which has {len}", place());
    start..end
}

/// # Panics
///
/// If the index is not below `len`; the message names the place.
#[track_caller]
#[inline]
pub(crate) fn check(index: usize, len: usize, place: impl FnOnce() -> Place) {
    assert!(index < len, "index {index} of {}, which has {len}", place());
}

/// # Panics
///
/// If a buffer of `len` is not for `expected`; the message names the place.
#[track_caller]
#[inline]
pub(crate) fn check_len(len: usize, expected: usize, place: impl FnOnce() -> Place) {
    assert!(len == expected, "a buffer of {len} for {expected} of {}", place());
}
