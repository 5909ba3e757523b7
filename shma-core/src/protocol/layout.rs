//! Where things lie in a region: pure arithmetic on constants.
//!
//! Everything here is computed at compile time from the declaration, so a typed access uses no
//! offset that was read from shared memory.

use crate::words::WORD;

/// Bytes of the region's header; the first partition starts behind it.
pub const HEADER_BYTES: usize = 4096;

/// Alignment of partitions and of slots: two cache lines, because the prefetcher of current
/// x86-64 processors fetches lines in pairs.
pub const ALIGN: usize = 128;

/// Bytes of a partition's control block; its first slot starts behind it.
pub const CONTROL_BYTES: usize = 256;

/// The most slots a partition may have.
pub const MAX_SLOTS: usize = 8;

/// The largest value of a field: a dirty word counts 8-byte words in 32 bits.
pub const MAX_FIELD_BYTES: usize = (u32::MAX as usize) * WORD;

/// `bytes`, rounded up to a multiple of `to`, which is a power of two.
pub const fn align_up(bytes: usize, to: usize) -> usize {
    plus(bytes, to - 1) & !(to - 1)
}

/// Words that a value of `bytes` takes.
pub const fn words(bytes: usize) -> usize {
    bytes.div_ceil(WORD)
}

/// Distance in bytes between two slots that hold values of `bytes`.
pub const fn slot_stride(bytes: usize) -> usize {
    align_up(bytes, ALIGN)
}

/// How many counters count the calls on an atomic field.
pub const CALL_COUNTERS: usize = 8;

/// Bytes of all call counters; each has cache lines of its own.
pub const CALL_COUNTERS_BYTES: usize = CALL_COUNTERS * ALIGN;

/// `a * b`, which an address can say.
pub const fn times(a: usize, b: usize) -> usize {
    match a.checked_mul(b) {
        Some(product) => product,
        None => panic!("the state is larger than the address space"),
    }
}

/// `a + b`, which an address can say.
pub const fn plus(a: usize, b: usize) -> usize {
    match a.checked_add(b) {
        Some(sum) => sum,
        None => panic!("the state is larger than the address space"),
    }
}

static_assertions::const_assert!(HEADER_BYTES.is_multiple_of(ALIGN));
static_assertions::const_assert!(CONTROL_BYTES.is_multiple_of(ALIGN));
static_assertions::const_assert!(ALIGN.is_power_of_two() && ALIGN.is_multiple_of(WORD));
