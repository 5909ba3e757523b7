//! Reading a field.

use super::{Partition, lock_order, retry};
use crate::error::Error;
use crate::protocol::slots::Slots;
use crate::sync::{AtomicU64, Ordering, stop_point};

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

    /// One optimistic attempt in few instructions, where no publication has begun and none has overtaken
    /// a read lately. Otherwise the caller reads in another way.
    #[inline]
    pub(crate) fn read_alone(&self, copy: impl FnOnce(&[AtomicU64])) -> Option<u64> {
        if self.contention.is_noted() {
            return None;
        }
        let slots = self.slots();
        let version = slots.enter_alone()?;
        stop_point!("read.entered");
        copy(slots.slot(version));
        slots.is_intact(version).then_some(version)
    }

    /// One optimistic attempt.
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

    /// One optimistic attempt, with care if publications have overtaken one lately.
    fn attempt(&self, copy: &mut impl FnMut(Slots<'_>, u64)) -> Option<u64> {
        if self.contention.is_noted() {
            self.slots().prefetch();
        }
        let read = self.read_once(copy);
        match read {
            Some(version) => self.contention.age(version),
            None => self.note_contention(),
        }
        read
    }

    /// Bounded effort.
    pub(crate) fn read_bounded(&self, mut copy: impl FnMut(Slots<'_>, u64)) -> Result<u64, Error> {
        retry::in_a_row(|| self.attempt(&mut copy)).ok_or_else(|| self.contended())
    }

    /// For a limited time.
    pub(crate) fn read_until(
        &self,
        end: std::time::Instant,
        mut copy: impl FnMut(Slots<'_>, u64),
    ) -> Result<u64, Error> {
        retry::until(end, || self.attempt(&mut copy)).ok_or_else(|| self.contended())
    }

    fn contended(&self) -> Error {
        Error::Contended { place: self.place() }
    }

    #[cold]
    fn read_again(&self, mut copy: impl FnMut(Slots<'_>, u64)) -> u64 {
        let attempt = |copy: &mut _| self.attempt(copy);
        retry::forever(&mut copy, attempt, |_| self.may_lock().then(|| self.try_acquire_free()))
    }

    /// Whether a read may acquire the semaphore. A thread that holds a semaphore of the region leaves
    /// it alone, because it might be the one that it holds, or out of order.
    pub(crate) fn may_lock(&self) -> bool {
        self.writable && !self.region.is_forked() && !lock_order::any(self.region.key())
    }
}
