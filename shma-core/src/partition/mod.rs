//! One field's part of a region: its semaphore, its slots, and the processes that wait for it.
//!
//! Nothing here knows the field's type; values are bytes. Here the protocols get a region's words.
//!
//! | module | holds |
//! |---|---|
//! | [`memory`] | the words themselves |
//! | [`reading`] | reads, and what they do when publications overtake them |
//! | [`writing`] | the semaphore, and what its holder may do |
//! | [`holder`] | the holder of the semaphore |
//! | [`holding`] | the semaphore for more than one publication |
//! | [`detached`] | the semaphore as a value of its own, without a borrow |
//! | [`endable`] | what a thread holds and any thread may give back |
//! | [`region_guard`] | the semaphores of all fields, held together |
//! | [`waiting`] | waits for a publication or a call |
//! | [`call_counters`] | what atomic fields have in place of versions |
//! | [`lock_order`] | which semaphores a thread holds |
//! | [`settle`] | what an acquisition owes after waiting, and after a death |
//! | [`retry`] | how often an attempt is repeated |
//! | [`contention_hint`] | what a handle remembers of overtaken reads |

mod call_counters;
mod contention_hint;
mod detached;
mod endable;
mod holder;
mod holding;
pub(crate) mod lock_order;
mod memory;
mod reading;
mod region_guard;
pub(crate) mod retry;
mod settle;
mod waiting;
mod writing;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use contention_hint::ContentionHint;

use crate::error::Place;
use crate::os;
use crate::protocol::control::Control;
use crate::protocol::slots::Slots;
use crate::region::Region;
use crate::sync::Ordering;

pub(crate) use detached::DetachedGuard;
pub(crate) use holding::Hold;
pub(crate) use memory::FieldMemory;
pub(crate) use region_guard::{DetachedRegionGuard, News, RegionGuard};
pub(crate) use waiting::{WAIT_SLICE, wait_any};
pub(crate) use writing::{AcquireError, Forked, Guard};

/// A field's part of a region.
#[derive(Debug, Clone)]
pub(crate) struct Partition {
    memory: FieldMemory,
    /// Behind the memory, which is dropped before the attachment ends.
    region: Arc<Region>,
    timed: bool,
    writable: bool,
    contention: ContentionHint,
}

impl Partition {
    /// The partition of a field of the region's manifest.
    ///
    /// # Panics
    ///
    /// If there is no field of this number.
    pub(crate) fn new(region: Arc<Region>, index: usize) -> Self {
        Self {
            memory: FieldMemory::new(region.memory(), index),
            timed: region.manifest().fields[index].timed,
            writable: region.is_writable(),
            contention: ContentionHint::default(),
            region,
        }
    }

    #[inline]
    pub(crate) fn control(&self) -> &Control {
        self.memory.control()
    }

    #[inline]
    pub(crate) fn slots(&self) -> Slots<'_> {
        self.memory.slots()
    }

    /// What a wait needs that outlives the attachment.
    pub(crate) fn memory(&self) -> &FieldMemory {
        &self.memory
    }

    #[inline]
    pub(crate) fn index(&self) -> usize {
        self.memory.index()
    }

    /// Whether the attachment may write.
    #[inline]
    pub(crate) fn is_writable(&self) -> bool {
        self.writable
    }

    pub(crate) fn field_name(&self) -> Cow<'static, str> {
        self.region.known().field_name(self.index())
    }

    /// The attachment that the partition is of.
    #[inline]
    pub(crate) fn region(&self) -> &Arc<Region> {
        &self.region
    }

    pub(crate) fn place(&self) -> Place {
        self.memory.place()
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
