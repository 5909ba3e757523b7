//! A block that is lent again and again, without a locked instruction at the start, and outlives its
//! lender while it is lent.
//!
//! | state | meaning | changed by |
//! |---|---|---|
//! | `FREE` | the lender has it | the borrower, to `LENT`; the end of the lender, which frees it |
//! | `LENT` | the borrower has it, and gives it back | its end, to `FREE`; the end of the lender, to `ALONE` |
//! | `ALONE` | the borrower has it, and no lender | its end, which frees it |
//!
//! The end of a lender and that of a lease may meet, in two threads: both exchange the state. A block is
//! lent to one thread, and not while its lender ends: the caller sees to both.
//!
//! `unsafe` here: a block that two owners hand to each other.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::sync::{AtomicU8, Live, Ordering, exclusive_8, mutant};

const FREE: u8 = 0;
const LENT: u8 = 1;
const ALONE: u8 = 2;

/// What is lent.
#[derive(Debug)]
pub struct Block<T> {
    state: AtomicU8,
    /// Invariant 1: accessed by the [`Lease`] alone while the state is `LENT` or `ALONE`, and by the
    /// thread that frees the block.
    value: UnsafeCell<T>,
    _live: Live,
}

impl<T> Block<T> {
    fn new(value: T, state: u8) -> NonNull<Self> {
        let (state, value) = (AtomicU8::new(state), UnsafeCell::new(value));
        NonNull::from(Box::leak(Box::new(Self { state, value, _live: Live::new() })))
    }

    /// The value, if it is lent.
    ///
    /// # Safety
    ///
    /// The block is there, no thread ends its lease meanwhile, and none changes the value.
    #[inline]
    pub unsafe fn lent(&self) -> Option<&T> {
        // Relaxed: the caller has the pointer from the thread that began the lease.
        if self.state.load(Ordering::Relaxed) == FREE {
            return None;
        }
        // SAFETY: by invariant 1 the lease alone accesses it, which the caller keeps from that.
        Some(unsafe { &*self.value.get() })
    }

    /// # Safety
    ///
    /// The block is no other's any more.
    #[cold]
    unsafe fn free(block: NonNull<Self>) {
        if mutant!("lease-never-freed") {
            return;
        }
        // SAFETY: of `new`, and the caller's alone.
        let mut block = unsafe { Box::from_raw(block.as_ptr()) };
        exclusive_8(&mut block.state);
    }
}

/// The lender of a block. Dropped, it frees the block, or leaves that to the lease.
#[derive(Debug)]
pub struct Lender<T>(
    /// Invariant 2: not `ALONE`, so it is freed when this is dropped, or by its lease later.
    NonNull<Block<T>>,
);

// SAFETY: a lease is the way to the value, and any thread may free it.
unsafe impl<T: Send> Send for Lender<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Lender<T> {}

impl<T> Lender<T> {
    /// Makes a block that is lent at once.
    pub fn lending(value: T) -> (Self, Lease<T>) {
        let block = Block::new(value, LENT);
        (Self(block), Lease(block))
    }

    /// Lends the block, if it is free.
    ///
    /// # Safety
    ///
    /// One thread at a time calls this. It may be another one after the former has ended.
    #[inline]
    pub unsafe fn lend(&self) -> Option<Lease<T>> {
        // SAFETY: by invariant 2 it is there.
        let state = unsafe { &self.0.as_ref().state };
        // Acquire: meets the release in `Lease::drop`, by an earlier thread.
        let order = mutant!("lease-relaxed-start", Ordering::Acquire => Ordering::Relaxed);
        if state.load(order) != FREE {
            return None;
        }
        // Relaxed: nothing is read because of it. No other thread changes it from `FREE` now.
        state.store(LENT, Ordering::Relaxed);
        Some(Lease(self.0))
    }
}

impl<T> Drop for Lender<T> {
    fn drop(&mut self) {
        // SAFETY: by invariant 2 it is there.
        let state = unsafe { &self.0.as_ref().state };
        // Acquire: meets the release in `Lease::drop`. Release: meets the acquire there.
        let order = mutant!("lease-unreleased-lender", Ordering::AcqRel => Ordering::Acquire);
        let heard = mutant!("lease-unacquired-lender", order => Ordering::Release);
        if state.swap(ALONE, heard) == FREE {
            // SAFETY: it is not lent, and cannot be any more.
            unsafe { Block::free(self.0) };
        }
    }
}

/// A block that is lent. Dropped, it goes back to its lender, or is freed.
#[derive(Debug)]
pub struct Lease<T>(
    /// Invariant 3: its state is `LENT` or `ALONE`, and no other lease is of the same block.
    NonNull<Block<T>>,
);

// SAFETY: by invariant 3 it is the only way to its value, and any thread may give the block back.
unsafe impl<T: Send> Send for Lease<T> {}

impl<T> Lease<T> {
    /// Makes a block that has no lender.
    pub fn alone(value: T) -> Self {
        Self(Block::new(value, ALONE))
    }

    /// Leaves it lent.
    #[inline]
    pub fn into_raw(self) -> *mut Block<T> {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// What was left lent.
    ///
    /// # Safety
    ///
    /// The block is of [`into_raw`](Self::into_raw), and is passed here once.
    #[inline]
    pub unsafe fn from_raw(block: NonNull<Block<T>>) -> Self {
        Self(block)
    }
}

impl<T> Deref for Lease<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: by invariant 3 it is not freed.
        let value = unsafe { self.0.as_ref() }.value.get();
        // SAFETY: by invariants 1 and 3 no other accesses it.
        unsafe { &*value }
    }
}

impl<T> DerefMut for Lease<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: by invariant 3 it is not freed.
        let value = unsafe { self.0.as_ref() }.value.get();
        // SAFETY: by invariants 1 and 3 no other accesses it.
        unsafe { &mut *value }
    }
}

impl<T> Drop for Lease<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: by invariant 3 it is not freed.
        let state = unsafe { &self.0.as_ref().state };
        // Release: meets the acquire in `Lender::lend` and `Lender::drop`. Acquire: meets the release
        // there. From here on the block may be another owner's.
        let order = mutant!("lease-unreleased-end", Ordering::AcqRel => Ordering::Acquire);
        let heard = mutant!("lease-unacquired-end", order => Ordering::Release);
        if state.swap(FREE, heard) == ALONE {
            // SAFETY: it has no lender.
            unsafe { Block::free(self.0) };
        }
    }
}
