//! The numbers of an atomic field as bytes, for callers that know its type at run time only.

use super::cells::Cells;
use crate::manifest::element::AtomicNumber;
use crate::partition::{Forked, Partition};
use crate::sync::AtomicU64;

/// Copies numbers of `size` bytes each from byte `first` of the value on. Returns a count of calls
/// all of which are in them.
///
/// # Panics
///
/// If the bytes lie beyond the value, or cut a number in two.
pub(crate) fn load(partition: &Partition, size: usize, first: usize, into: &mut [u8]) -> u64 {
    assert!(first.is_multiple_of(size) && into.len().is_multiple_of(size));
    let calls = partition.counted_calls();
    let words = partition.slots().slot(0);
    match size {
        4 => load_as::<u32>(words, first / size, into),
        _ => load_as::<u64>(words, first / size, into),
    }
    calls
}

fn load_as<S: AtomicNumber>(words: &[AtomicU64], index: usize, into: &mut [u8]) {
    let cells = Cells::<S>::new(words, size_of_val(words) / size_of::<S>());
    for (i, number) in into.chunks_exact_mut(size_of::<S>()).enumerate() {
        number.copy_from_slice(bytemuck::bytes_of(&cells.load(index + i)));
    }
}

/// Replaces numbers of `size` bytes each, as one call. Each part is bytes and where the first of
/// them goes. Returns a count of calls that has this one in it.
///
/// # Errors
///
/// `Forked`: the process got the attachment through fork.
///
/// # Panics
///
/// If the bytes lie beyond the value, or cut a number in two.
pub(crate) fn store(
    partition: &Partition,
    size: usize,
    parts: &[(usize, &[u8])],
) -> Result<u64, Forked> {
    partition.check_fork()?;
    let words = partition.slots().slot(0);
    let call = partition.count_call();
    for (first, part) in parts {
        assert!(first.is_multiple_of(size) && part.len().is_multiple_of(size));
        match size {
            4 => store_as::<u32>(words, first / size, part),
            _ => store_as::<u64>(words, first / size, part),
        }
    }
    drop(call);
    Ok(partition.counted_calls())
}

fn store_as<S: AtomicNumber>(words: &[AtomicU64], index: usize, part: &[u8]) {
    let cells = Cells::<S>::new(words, size_of_val(words) / size_of::<S>());
    for (i, number) in part.chunks_exact(size_of::<S>()).enumerate() {
        cells.store(index + i, bytemuck::pod_read_unaligned(number));
    }
}
