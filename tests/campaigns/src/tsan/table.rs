//! What the threads share: a state in shared memory, and plain memory that it keeps apart.
//!
//! `unsafe` here: plain memory that several threads use.

use std::cell::UnsafeCell;

use shma_core::ShmState;

/// Values of every way to be copied.
#[derive(Debug, ShmState)]
pub(super) struct Table {
    /// The version, and whose it is.
    pub(super) signed: [u64; 2],
    /// Copied by the loop of words.
    pub(super) small: [u32; 5],
    /// Too large for private copies on the stack.
    #[shm(slots = 2)]
    pub(super) large: [u64; 1000],
    #[shm(slots = 8, timed)]
    pub(super) rows: [[f32; 16]; 16],
    #[shm(atomic)]
    pub(super) cells: [u64; 8],
}

/// Plain memory.
pub(super) struct Plain<T>(UnsafeCell<T>);

// SAFETY: a caller that uses it from several threads keeps them apart, and says how: the accesses
// are unsafe.
unsafe impl<T: Send> Sync for Plain<T> {}

impl<T: Copy> Plain<T> {
    pub(super) fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// # Safety
    ///
    /// No other thread sets it meanwhile.
    pub(super) unsafe fn get(&self) -> T {
        // SAFETY: as the caller promises.
        unsafe { *self.0.get() }
    }

    /// # Safety
    ///
    /// No other thread uses it meanwhile.
    pub(super) unsafe fn set(&self, value: T) {
        // SAFETY: as the caller promises.
        unsafe { *self.0.get() = value };
    }
}
