//! One field's part of a region: its semaphore, its slots, and those who wait for it.
//!
//! Nothing here knows the field's type; values are bytes.
//!
//! `unsafe` here: following the addresses that the region gave.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::commit;
use crate::control::Control;
use crate::error::{Error, Holder, Place};
use crate::held;
use crate::notify::Notify;
use crate::os;
use crate::overrun::Overrun;
use crate::region::{Addresses, Region};
use crate::semaphore::{Acquired, Busy, Owners, Patience, Semaphore, owner_of};
use crate::slots::{Change, Publication, Slots};
use crate::stop::stop_point;
use crate::sync::{AtomicU64, Ordering, fence, spin};
use crate::words;

/// Optimistic tries before a reader does anything else.
const TRIES: u32 = 64;

/// What a reader sleeps between later tries.
const READ_PAUSE: Duration = Duration::from_micros(50);

/// Looks at the notify word before a waiter sleeps.
const WAIT_SPINS: u32 = 200;

/// The longest sleep before a waiter looks whether the region still has a name.
const WAIT_SLICE: Duration = Duration::from_millis(100);

/// How often a waiter looks that cannot set `SLEEPERS`.
const POLL: Duration = Duration::from_millis(1);

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
    overrun: Overrun,
}

// SAFETY: the addresses lead to atomics alone, which any thread may use, and by invariant 1 they
// stay good wherever `self` is.
unsafe impl Send for Partition {}
// SAFETY: as above; no method changes the addresses.
unsafe impl Sync for Partition {}

/// The calling process got the handle through fork. Of no size, so that the fast paths return in
/// registers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forked;

/// Why a semaphore was not had, or what was changed under it cannot be published.
/// [`Partition::explain`] makes an error of it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Refusal {
    Forked,
    /// The thread holds the semaphore of this field.
    Reentrant(usize),
    Busy(Busy, Patience),
}

impl From<Forked> for Refusal {
    #[inline]
    fn from(_: Forked) -> Self {
        Self::Forked
    }
}

/// How a wait for a publication ended.
enum Woken {
    Newer(u64),
    TimedOut,
    Retired,
}

impl Partition {
    /// The partition of a field of the region's manifest.
    ///
    /// # Panics
    ///
    /// If there is no field of this number.
    pub(crate) fn new(region: Arc<Region>, index: usize, writable: bool) -> Self {
        let field = &region.manifest().fields[index];
        Self {
            addresses: region.addresses(index),
            index,
            count: field.slots,
            stride: field.slot_stride() / crate::layout::WORD,
            words: crate::layout::words(field.size),
            timed: field.timed,
            writable,
            overrun: Overrun::default(),
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

    pub(crate) fn field_name(&self) -> &'static str {
        self.region.manifest().fields[self.index].name
    }

    pub(crate) fn place(&self) -> Place {
        Place::new(self.region.name(), Some(self.field_name()))
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
        if !self.overrun.is_noted() {
            if let Some(version) = self.read_once(&mut copy) {
                return version;
            }
            self.note_overrun();
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
    fn note_overrun(&self) {
        // Relaxed: about where the publications are.
        self.overrun.note(self.control().version.load(Ordering::Relaxed));
    }

    /// So many optimistic tries, with care if publications have overtaken one lately.
    fn try_read(&self, copy: &mut impl FnMut(Slots<'_>, u64), tries: u32) -> Option<u64> {
        for _ in 0..tries {
            if self.overrun.is_noted() {
                self.slots().prefetch();
            }
            if let Some(version) = self.read_once(copy) {
                self.overrun.age(version);
                return Some(version);
            }
            self.note_overrun();
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
        let may_lock = self.writable && !self.region.is_forked() && !held::any(self.region.key());
        loop {
            let under_semaphore = if may_lock { self.try_free() } else { None };
            if let Some(version) = self.try_read(&mut copy, 1) {
                return version;
            }
            drop(under_semaphore);
            os::pause(READ_PAUSE);
        }
    }

    /// The semaphore, if it is free and the thread may have it. A dead owner is not replaced:
    /// it stands in no reader's way.
    pub(crate) fn try_free(&self) -> Option<Guard<'_>> {
        held::note(self.region.key(), self.index).ok()?;
        if Semaphore(&self.control().lock).try_free(self.region.me()) {
            return Some(self.acquired());
        }
        held::forget(self.region.key(), self.index);
        None
    }

    /// Waits until there is a publication other than `since`.
    pub(crate) fn wait_newer(&self, since: u64, timeout: Duration) -> Result<u64, Error> {
        let found = || {
            // A publisher gives this word back before it looks for sleepers.
            Semaphore(&self.control().lock).meet();
            self.version() != since
        };
        self.wait(since, timeout, || self.version(), found)
    }

    /// Waits until `newest` is other than `since`. `found` looks once more, for what does not tell
    /// of itself in the notify word.
    fn wait(
        &self,
        since: u64,
        timeout: Duration,
        newest: impl Fn() -> u64,
        found: impl Fn() -> bool,
    ) -> Result<u64, Error> {
        // A time-out beyond what the clock can say is none.
        let end = Instant::now().checked_add(timeout);
        let what = "waiting for a publication";
        match self.sleep_until_newer(since, end, newest, found) {
            Woken::Newer(version) => Ok(version),
            Woken::Retired => Err(Error::Retired { place: self.place() }),
            Woken::TimedOut => {
                Err(Error::Timeout { place: self.place(), what, waited: timeout, holder: None })
            }
        }
    }

    fn sleep_until_newer(
        &self,
        since: u64,
        end: Option<Instant>,
        newest: impl Fn() -> u64,
        found: impl Fn() -> bool,
    ) -> Woken {
        let notify = Notify(&self.control().notify);
        let mut spins = WAIT_SPINS;
        loop {
            // In this order: see `notify`.
            let seen = notify.look();
            let version = newest();
            if version != since {
                return Woken::Newer(version);
            }
            // Spinning comes before the announcement, so that a publisher makes no system call
            // for a waiter that is awake.
            if spins > 0 {
                spins -= 1;
                spin();
                continue;
            }
            if !self.region.is_linked() {
                return Woken::Retired;
            }
            let left = end.map_or(WAIT_SLICE, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Woken::TimedOut;
            }
            if self.writable {
                notify.sleep(seen, left.min(WAIT_SLICE), &found);
            } else {
                os::pause(left.min(POLL));
            }
        }
    }
}

/// Writing.
impl Partition {
    /// Takes the semaphore. With endless patience it is never `Busy`.
    #[inline]
    pub(crate) fn acquire(&self, patience: Patience) -> Result<Guard<'_>, Refusal> {
        // What is plain is not in one function with what is not: the errors would make it return
        // through memory, and all that is stored has to be in the cache before the semaphore can
        // be given back.
        match self.acquire_alone() {
            Some(guard) => Ok(guard),
            None => self.acquire_otherwise(patience),
        }
    }

    /// Takes the semaphore if it is free and the thread holds no other.
    #[inline]
    fn acquire_alone(&self) -> Option<Guard<'_>> {
        if self.region.is_forked() || !held::nothing() {
            return None;
        }
        if !Semaphore(&self.control().lock).try_free(self.region.me()) {
            return None;
        }
        held::note_first(self.region.key(), self.index);
        Some(self.acquired())
    }

    #[cold]
    fn acquire_otherwise(&self, patience: Patience) -> Result<Guard<'_>, Refusal> {
        self.check_fork()?;
        // The plain way has looked only if the thread holds nothing.
        let found_taken = held::nothing();
        held::note(self.region.key(), self.index).map_err(Refusal::Reentrant)?;
        match Semaphore(&self.control().lock).acquire(&*self.region, patience) {
            Ok(Acquired::Uncontended) if !found_taken => {}
            Ok(acquired) => self.settle(acquired),
            Err(busy) => {
                held::forget(self.region.key(), self.index);
                return Err(Refusal::Busy(busy, patience));
            }
        }
        Ok(self.acquired())
    }

    #[inline]
    fn acquired(&self) -> Guard<'_> {
        // Relaxed: a diagnostic number of its own.
        self.control().pid.store(self.region.pid(), Ordering::Relaxed);
        stop_point!("acquire.acquired");
        Guard::new(self)
    }

    /// What an acquisition that was not the plain one owes, before anything else.
    #[cold]
    fn settle(&self, acquired: Acquired) {
        if acquired == Acquired::FromDead {
            commit::recover(self.commit(), self.region.controls());
            self.wake_everybody();
            // Relaxed, here and below: counters for people.
            self.control().dead_owners.fetch_add(1, Ordering::Relaxed);
        }
        self.control().contended.fetch_add(1, Ordering::Relaxed);
    }

    /// The dead owner may have died between a publication and waking those who wait for it, and
    /// it may have been somebody's turn for the semaphore.
    fn wake_everybody(&self) {
        Semaphore(&self.control().lock).wake_all();
        for control in self.region.controls() {
            Notify(&control.notify).wake_announced();
        }
        stop_point!("recover.woken");
    }

    /// The error that a caller gets.
    #[cold]
    pub(crate) fn explain(&self, refusal: impl Into<Refusal>) -> Error {
        let place = self.place();
        let (busy, patience) = match refusal.into() {
            Refusal::Forked => return Error::Forked { place },
            Refusal::Reentrant(held) => {
                return Error::Reentrant { place, held: self.region.manifest().fields[held].name };
            }
            Refusal::Busy(busy, patience) => (busy, patience),
        };
        // Relaxed: a diagnostic number, which may be the next holder's already.
        let pid = self.control().pid.load(Ordering::Relaxed);
        let holder = Some(Holder::new(busy.owner, pid, busy.owner == self.region.me()));
        let waited = match patience {
            Patience::None => return Error::WouldBlock { place, holder },
            Patience::Until(_, waited) => waited,
            Patience::Endless => Duration::MAX,
        };
        Error::Timeout { place, what: "waiting for the semaphore", waited, holder }
    }

    /// Who holds the semaphore, 0 for nobody.
    pub(crate) fn owner(&self) -> u32 {
        // Relaxed: gone as soon as seen.
        owner_of(self.control().lock.load(Ordering::Relaxed))
    }
}

/// Calls on atomic fields; see `atomic`.
impl Partition {
    /// A counter of calls for each stripe.
    fn stripes(&self) -> impl Iterator<Item = &AtomicU64> {
        // SAFETY: good by invariant 1; atomics, as in `control`.
        let words: &[AtomicU64] = unsafe { self.addresses.stripes.as_ref() };
        words.iter().step_by(crate::layout::ALIGN / crate::layout::WORD)
    }

    /// Calls so far, and one for the creation.
    pub(crate) fn sum_of_stripes(&self) -> u64 {
        // Relaxed, both: the fence meets the increments in `CountCall`.
        let stripes = self.stripes().map(|stripe| stripe.load(Ordering::Relaxed));
        let created = self.control().version.load(Ordering::Relaxed);
        let sum = stripes.fold(created, u64::wrapping_add);
        fence(Ordering::Acquire);
        sum
    }

    /// Waits until a call is counted that `since` does not count.
    pub(crate) fn wait_for_call(&self, since: u64, timeout: Duration) -> Result<u64, Error> {
        let found = || {
            // Each caller counts in one of these before it looks for sleepers.
            for stripe in self.stripes() {
                // AcqRel: meets that of `CountCall`.
                stripe.fetch_add(0, Ordering::AcqRel);
            }
            self.sum_of_stripes() != since
        };
        self.wait(since, timeout, || self.sum_of_stripes(), found)
    }

    /// Whether the calling process may write.
    #[inline]
    pub(crate) fn check_fork(&self) -> Result<(), Forked> {
        if self.region.is_forked() { Err(Forked) } else { Ok(()) }
    }

    /// Counts a call that writes when what it returns is dropped, unless that is in a fork child.
    #[inline]
    pub(crate) fn count_call(&self) -> CountCall<'_> {
        CountCall(self)
    }
}

/// A call that writes.
#[derive(Debug)]
pub(crate) struct CountCall<'a>(&'a Partition);

impl Drop for CountCall<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.0.region.is_forked() {
            return;
        }
        let stripe = self.0.region.me() as usize % crate::layout::STRIPES;
        if let Some(stripe) = self.0.stripes().nth(stripe) {
            // Release: meets the fence in `sum_of_stripes`, and a waiter's change of the stripe, as
            // does the acquire.
            stripe.fetch_add(1, Ordering::AcqRel);
        }
        Notify(&self.0.control().notify).wake_if_announced();
    }
}

/// The held semaphore of a partition. Dropped, it is given back, unless the process that holds it
/// has become another one by forking meanwhile.
#[derive(Debug)]
pub(crate) struct Guard<'a> {
    partition: &'a Partition,
    /// Somebody may sleep for it.
    published: bool,
    /// What the thread holds is recorded with the thread.
    _thread: PhantomData<*const ()>,
}

impl<'a> Guard<'a> {
    #[inline]
    fn new(partition: &'a Partition) -> Self {
        Self { partition, published: false, _thread: PhantomData }
    }

    /// The active publication.
    #[inline]
    pub(crate) fn version(&self) -> u64 {
        // Relaxed: ordered by the acquisition, and changed by the holder alone.
        self.partition.control().version.load(Ordering::Relaxed)
    }

    /// The words of the active value.
    #[inline]
    pub(crate) fn active(&self) -> &'a [AtomicU64] {
        self.partition.slots().slot(self.version())
    }

    /// Starts a publication that differs from the active one in this alone.
    #[inline(always)]
    pub(crate) fn begin(&self, change: Change) -> Result<Publication<'a>, Forked> {
        self.check_fork()?;
        Ok(self.partition.slots().begin(self.version(), change))
    }

    /// Publishes these bytes as the value.
    // Always, here and in what it calls: only where the value's size is a constant are a few moves
    // all there is to copying a small one, and a publication that is returned through memory makes
    // what reads it wait for the cache. Together that was a third of an `update` of 64 bytes.
    #[inline(always)]
    pub(crate) fn publish_whole(self, value: &[u8]) -> Result<u64, Forked> {
        let publication = self.begin(Change::Whole)?;
        words::store(publication.slot, value);
        Ok(self.publish(publication))
    }

    /// Publishes the value with these bytes in place of those from `first` on.
    #[inline]
    pub(crate) fn publish_part(self, first: usize, part: &[u8]) -> Result<u64, Forked> {
        let words = words::covering(first, part.len());
        let publication = self.begin(Change::Words(words))?;
        words::store_part(publication.slot, first, part);
        Ok(self.publish(publication))
    }

    /// Whether this is still the process that took the semaphore: a closure may have forked.
    #[inline]
    pub(crate) fn check_fork(&self) -> Result<(), Forked> {
        self.partition.check_fork()
    }

    /// Publishes, and gives the semaphore back.
    #[inline(always)]
    pub(crate) fn publish(mut self, publication: Publication<'_>) -> u64 {
        self.stamp();
        let version = publication.publish();
        self.has_published();
        version
    }

    /// Notes when the publication was that comes next.
    #[inline]
    pub(crate) fn stamp(&self) {
        let now = if self.partition.timed { os::precise_nanos() } else { os::coarse_nanos() };
        // Relaxed: a diagnostic number of its own.
        self.partition.control().published.store(now, Ordering::Relaxed);
    }

    /// Something was published: those who wait for it are woken when the semaphore is given back.
    #[inline]
    pub(crate) fn has_published(&mut self) {
        self.published = true;
    }

    pub(crate) fn partition(&self) -> &'a Partition {
        self.partition
    }
}

impl Drop for Guard<'_> {
    #[inline]
    fn drop(&mut self) {
        let Partition { region, index, .. } = self.partition;
        held::forget(region.key(), *index);
        if region.is_forked() {
            return;
        }
        Semaphore(&self.partition.control().lock).release(region.me());
        if self.published {
            stop_point!("wake.released");
            Notify(&self.partition.control().notify).wake_if_announced();
        }
    }
}
