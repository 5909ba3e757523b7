//! Buffers and parts that callers give, against the value of a field.

use crate::error::Error;
use crate::partition::Partition;

/// Whether a buffer of so many bytes is for a whole value.
#[inline]
pub(super) fn whole(partition: &Partition, expected: usize, found: usize) -> Result<(), Error> {
    if found == expected { Ok(()) } else { Err(wrong_size(partition, expected, found)) }
}

#[cold]
fn wrong_size(partition: &Partition, expected: usize, found: usize) -> Error {
    Error::WrongSize { place: partition.place(), expected, found }
}

/// Whether a value of `len` bytes has so many from `first` on.
#[inline]
pub(super) fn part(
    partition: &Partition,
    len: usize,
    first: usize,
    bytes: usize,
) -> Result<(), Error> {
    let end = first.saturating_add(bytes);
    if first <= len && end <= len { Ok(()) } else { Err(out_of_range(partition, len, first, end)) }
}

#[cold]
fn out_of_range(partition: &Partition, len: usize, first: usize, end: usize) -> Error {
    Error::OutOfRange { place: partition.place(), unit: "bytes", first, end, len }
}
