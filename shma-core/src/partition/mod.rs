//! One field's part of a region: its semaphore, its slots, and those who wait for it.
//!
//! Nothing here knows the field's type; values are bytes. Reading is here, writing in [`writing`],
//! waiting for publications in [`waiting`], and what atomic fields have in place of versions in
//! [`call_counters`].
//!
//! `unsafe` here: following the addresses that the region gave.
#![allow(unsafe_code)]

mod call_counters;
mod contention_hint;
pub(crate) mod lock_order;
mod waiting;
mod writing;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use contention_hint::ContentionHint;

use crate::error::{Error, Place};
use crate::os;
use crate::protocol::control::Control;
use crate::protocol::slots::Slots;
use crate::region::{Addresses, Region};
use crate::sync::stop_point;
use crate::sync::{AtomicU64, Ordering, spin};

pub(crate) use writing::{AcquireError, Forked, Guard};

/// Optimistic tries before a reader does anything else.
const TRIES: u32 = 64;

/// What a reader sleeps between later tries.
const READ_PAUSE: Duration = Duration::from_micros(50);

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
            stride: field.slot_stride() / crate::layout::WORD,
            words: crate::layout::words(field.size),
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

/// Reading.
impl Partition {
    /// Copies one publication, however long it takes. `copy` gets the slots and a publication's
    /// number, and may run several times.
    #[inline]
    pub(crate) fn read(&self, mut copy: impl FnMut(Slots<'_>, u64)) -> u64 {
        if !self.contention.is_noted() {
            if let Some(version) = self.read_once(&mut copy) {
                return version;
            }
            self.note_contention();
        }
        self.read_again(copy)
    }

    /// One optimistic try.
    #[inline]
    fn read_once(&self, copy: &mut impl FnMut(Slots<'_>, u64)) -> Option<u64> {
        let slots = self.slots();
        let reading = slots.enter();
        stop_point!("read.entered");
        copy(slots, reading.version);
        slots.accept(reading).then_some(reading.version)
    }

    #[cold]
    fn note_contention(&self) {
        // Relaxed: about where the publications are.
        self.contention.note(self.control().version.load(Ordering::Relaxed));
    }

    /// So many optimistic tries, with care if publications have overtaken one lately.
    fn try_read(&self, copy: &mut impl FnMut(Slots<'_>, u64), tries: u32) -> Option<u64> {
        for _ in 0..tries {
            if self.contention.is_noted() {
                self.slots().prefetch();
            }
            if let Some(version) = self.read_once(copy) {
                self.contention.age(version);
                return Some(version);
            }
            self.note_contention();
            spin();
        }
        None
    }

    /// Bounded effort.
    pub(crate) fn read_bounded(&self, mut copy: impl FnMut(Slots<'_>, u64)) -> Result<u64, Error> {
        self.try_read(&mut copy, TRIES).ok_or_else(|| Error::Contended { place: self.place() })
    }

    /// Each turn is one optimistic try, one try for the semaphore, and one short sleep. So neither
    /// a writer that never pauses nor a holder that is stopped keeps this reader from its value:
    /// it gets through whichever way is open. A thread that holds a semaphore of the region leaves
    /// the semaphore alone, because it might be the one that it holds, or out of order.
    #[cold]
    fn read_again(&self, mut copy: impl FnMut(Slots<'_>, u64)) -> u64 {
        if let Some(version) = self.try_read(&mut copy, TRIES) {
            return version;
        }
        let may_lock =
            self.writable && !self.region.is_forked() && !lock_order::any(self.region.key());
        loop {
            let under_semaphore = if may_lock { self.try_acquire_free() } else { None };
            if let Some(version) = self.try_read(&mut copy, 1) {
                return version;
            }
            drop(under_semaphore);
            os::pause(READ_PAUSE);
        }
    }
}
