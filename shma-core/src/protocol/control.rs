//! The control block at the start of every partition.
//!
//! | offset | field | written by | meaning |
//! |---|---|---|---|
//! | 0 | `version: u64` | the holder; recovery | publications so far; slot `version % K` is the active one |
//! | 8 | `begin: u64` | the holder | `version`, or `version + 1` while a publication is under way |
//! | 16 | `published: u64` | the holder | when the latest publication was, in nanoseconds of the monotonic clock |
//! | 24 | `notify: u32` | publishers; waiters | `(wakes mod 2^31) << 1 \| SLEEPERS` |
//! | 128 | `lock: u32` | all | 0, or `WAITERS \| owner id` |
//! | 132 | `pid: u32` | the holder | diagnostic: the holder's process id in its own namespace |
//! | 136 | `target: u64` | the holder of all | the version that a committed transaction gives the field |
//! | 144 | `contended: u64` | all | acquisitions that found the semaphore taken |
//! | 152 | `dead_owners: u64` | all | acquisitions that took it from a dead owner |
//! | 192 | `dirty: [u64; 8]` | the holder | `dirty[n % K]`: where publication n differs from n - 1, as `first << 32 \| end` in words |
//!
//! Readers poll the first line, writers fight over the second; they lie two cache lines apart. The
//! gaps are zero. They are declared as atomics too, because a peer may write them all the same.

use super::layout;
use crate::sync::{AtomicU32, AtomicU64};

/// The control block; see the table above.
#[repr(C, align(128))]
#[derive(Debug)]
pub struct Control {
    pub(crate) version: AtomicU64,
    pub(crate) begin: AtomicU64,
    pub(crate) published: AtomicU64,
    pub(crate) notify: AtomicU32,
    #[cfg(not(loom))]
    _polled: [AtomicU32; 25],
    pub(crate) lock: AtomicU32,
    pub(crate) pid: AtomicU32,
    pub(crate) target: AtomicU64,
    pub(crate) contended: AtomicU64,
    pub(crate) dead_owners: AtomicU64,
    #[cfg(not(loom))]
    _fought: [AtomicU64; 4],
    pub(crate) dirty: [AtomicU64; layout::MAX_SLOTS],
}

/// As in a new region. Without the gaps, because every atomic costs loom time.
#[cfg(loom)]
impl Control {
    pub(crate) fn new() -> Self {
        Self {
            version: AtomicU64::new(1),
            begin: AtomicU64::new(1),
            published: AtomicU64::new(0),
            notify: AtomicU32::new(1 << 1),
            lock: AtomicU32::new(0),
            pid: AtomicU32::new(0),
            target: AtomicU64::new(1),
            contended: AtomicU64::new(0),
            dead_owners: AtomicU64::new(0),
            dirty: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

#[cfg(not(loom))]
mod layout_assertions {
    use std::mem::offset_of;

    use static_assertions::const_assert_eq;

    use super::Control;
    use crate::protocol::layout;

    const_assert_eq!(size_of::<Control>(), layout::CONTROL_BYTES);
    const_assert_eq!(align_of::<Control>(), layout::ALIGN);
    const_assert_eq!(offset_of!(Control, version), 0);
    const_assert_eq!(offset_of!(Control, begin), 8);
    const_assert_eq!(offset_of!(Control, published), 16);
    const_assert_eq!(offset_of!(Control, notify), 24);
    const_assert_eq!(offset_of!(Control, lock), 128);
    const_assert_eq!(offset_of!(Control, pid), 132);
    const_assert_eq!(offset_of!(Control, target), 136);
    const_assert_eq!(offset_of!(Control, contended), 144);
    const_assert_eq!(offset_of!(Control, dead_owners), 152);
    const_assert_eq!(offset_of!(Control, dirty), 192);
}
