//! One field's part of a region: its semaphore, its slots, and the processes that wait for it.
//!
//! Nothing here knows the field's type; values are bytes. Here the protocols get a region's words.
//!
//! | module | holds |
//! |---|---|
//! | [`reading`] | reads, and what they do when publications overtake them |
//! | [`writing`] | the semaphore, and what its holder may do |
//! | [`holder`] | who holds the semaphore |
//! | [`waiting`] | waits for a publication or a call |
//! | [`call_counters`] | what atomic fields have in place of versions |
//! | [`lock_order`] | which semaphores a thread holds |
//! | [`retry`] | how often an attempt is repeated |
//! | [`contention_hint`] | what a handle remembers of overtaken reads |
//!
//! `unsafe` here: following the addresses that the region gave.
#![allow(unsafe_code)]

mod call_counters;
mod contention_hint;
mod holder;
pub(crate) mod lock_order;
mod reading;
pub(crate) mod retry;
mod waiting;
mod writing;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use contention_hint::ContentionHint;

use crate::error::Place;
use crate::os;
use crate::protocol::control::Control;
use crate::protocol::layout;
use crate::protocol::slots::Slots;
use crate::region::{Addresses, Region};
use crate::sync::{AtomicU64, Ordering};
use crate::words;

pub(crate) use writing::{AcquireError, Forked, Guard};

/// A field's part of a region.
#[derive(Debug, Clone)]
pub(crate) struct Partition {
    /// Invariant 1: `addresses` are those of this region, which lives as long as `self`.
    region: Arc<Region>,
    addresses: Addresses,
    index: usize,
    count: usize,
    stride: usize,
    words: usize,
    timed: bool,
    writable: bool,
    contention: ContentionHint,
}

// SAFETY: the addresses lead to atomics alone, which any thread may use, and by invariant 1 they
// stay good wherever `self` is.
unsafe impl Send for Partition {}
// SAFETY: as above; no method changes the addresses.
unsafe impl Sync for Partition {}

impl Partition {
    /// The partition of a field of the region's manifest.
    ///
    /// # Panics
    ///
    /// If there is no field of this number.
    pub(crate) fn new(region: Arc<Region>, index: usize) -> Self {
        let field = &region.manifest().fields[index];
        Self {
            addresses: region.addresses(index),
            index,
            count: field.slots,
            stride: field.slot_stride() / words::WORD,
            words: layout::words(field.size),
            timed: field.timed,
            writable: region.is_writable(),
            contention: ContentionHint::default(),
            region,
        }
    }

    #[inline]
    pub(crate) fn control(&self) -> &Control {
        // SAFETY: good by invariant 1; `Control` consists of atomics alone, so any bytes are a
        // value of it and others may write them.
        unsafe { self.addresses.control.as_ref() }
    }

    #[inline]
    pub(crate) fn commit(&self) -> &AtomicU64 {
        // SAFETY: as above.
        unsafe { self.addresses.commit.as_ref() }
    }

    /// The words of all slots.
    #[inline]
    pub(crate) fn all_words(&self) -> &[AtomicU64] {
        // SAFETY: as above.
        unsafe { self.addresses.slots.as_ref() }
    }

    /// The words of the call counters of an atomic field.
    #[inline]
    fn call_counter_words(&self) -> &[AtomicU64] {
        // SAFETY: as above.
        unsafe { self.addresses.call_counters.as_ref() }
    }

    #[inline]
    pub(crate) fn slots(&self) -> Slots<'_> {
        Slots {
            control: self.control(),
            commit: self.commit(),
            words: self.all_words(),
            count: self.count,
            stride: self.stride,
            len: self.words,
        }
    }

    pub(crate) fn field_name(&self) -> Cow<'static, str> {
        self.region.known().field_name(self.index)
    }

    pub(crate) fn place(&self) -> Place {
        self.region.place(self.index)
    }

    /// The newest publication's number.
    #[inline]
    pub(crate) fn version(&self) -> u64 {
        self.slots().version()
    }

    /// Time since the newest publication.
    pub(crate) fn age(&self) -> Duration {
        let now = if self.timed { os::precise_nanos() } else { os::coarse_nanos() };
        // Relaxed: a diagnostic number of its own.
        let published = self.control().published.load(Ordering::Relaxed);
        Duration::from_nanos(now.saturating_sub(published))
    }
}
