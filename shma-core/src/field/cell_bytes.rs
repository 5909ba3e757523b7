//! The numbers of an atomic field as bytes, for callers that know its type at run time only.

use super::cells::Cells;
use crate::partition::{Forked, Partition};

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
    let (index, len) = (first / size, size_of_val(words) / size);
    if size == 4 {
        let cells = Cells::<u32>::new(words, len);
        for (i, into) in into.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            *into = cells.load(index + i).to_ne_bytes();
        }
    } else {
        let cells = Cells::<u64>::new(words, len);
        for (i, into) in into.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            *into = cells.load(index + i).to_ne_bytes();
        }
    }
    calls
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
    let len = size_of_val(words) / size;
    let call = partition.count_call();
    for (first, part) in parts {
        assert!(first.is_multiple_of(size) && part.len().is_multiple_of(size));
        let index = first / size;
        if size == 4 {
            let cells = Cells::<u32>::new(words, len);
            for (i, number) in part.as_chunks::<4>().0.iter().enumerate() {
                cells.store(index + i, u32::from_ne_bytes(*number));
            }
        } else {
            let cells = Cells::<u64>::new(words, len);
            for (i, number) in part.as_chunks::<8>().0.iter().enumerate() {
                cells.store(index + i, u64::from_ne_bytes(*number));
            }
        }
    }
    drop(call);
    Ok(partition.counted_calls())
}
