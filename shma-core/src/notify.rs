//! Waiting for a publication: one word.
//!
//! | word | meaning | who may change it |
//! |---|---|---|
//! | `n << 1` | publication n (modulo 2^31) is the newest; nobody sleeps | the publisher, by a swap; a waiter, by adding `SLEEPERS` |
//! | `n << 1 \| SLEEPERS` | as above, and somebody may sleep | the publisher, by a swap, and then it wakes all |
//!
//! Number and bit share a word, so a publisher and a waiter meet in it without a fence between a
//! store and a load:
//!
//! 1. The waiter reads the word, and then looks whether there is anything newer.
//! 2. If a publication comes after that look, it swaps the word. A waiter that has not announced
//!    itself yet fails to, because its compare-exchange is on exactly the word that it read; one
//!    that has, but does not sleep yet, is turned away by the kernel, which compares the word
//!    again; one that sleeps is woken, because the swap returned its bit.
//!
//! A publisher that dies between the swap and the wake leaves sleepers, who look again when their
//! slice of sleep ends. After 2^31 publications between step 1 and the sleep the word looks the
//! same again; that too costs one slice.

use std::time::Duration;

use crate::mutant::mutant;
use crate::os;
use crate::stop::stop_point;
use crate::sync::{AtomicU32, Ordering, load_acquire_32};

/// Somebody may sleep on the word.
const SLEEPERS: u32 = 1;

/// The notify word of a partition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notify<'a>(pub(crate) &'a AtomicU32);

impl Notify<'_> {
    /// What the word says of this publication.
    pub(crate) fn word(version: u64) -> u32 {
        (version as u32) << 1
    }

    /// The word, to hand to [`sleep`](Self::sleep); to be followed by a look at the version.
    #[inline]
    pub(crate) fn look(self) -> u32 {
        // Meets the release of the swap: whoever sees the swap sees the publication.
        load_acquire_32(self.0)
    }

    /// Tells of a publication. If this returns true, somebody may sleep, and the caller owes
    /// [`wake_all`](Self::wake_all).
    #[inline]
    pub(crate) fn publish(self, version: u64) -> bool {
        // Release: meets the acquire of `look`. Acquire: what the waiter that set the bit did
        // before comes before the wake.
        if mutant!("notify-stored") {
            let old = self.0.load(Ordering::Relaxed);
            self.0.store(Self::word(version), Ordering::Release);
            return old & SLEEPERS != 0;
        }
        let order = mutant!("notify-relaxed", Ordering::AcqRel => Ordering::Relaxed);
        self.0.swap(Self::word(version), order) & SLEEPERS != 0
    }

    /// Tells of a publication that its own publisher, who is dead, did not tell of. It may race
    /// with a publisher's swap.
    pub(crate) fn publish_for_another(self) {
        // As in `publish`. The number goes up by one; it counts only that it is another.
        self.0.fetch_add(SLEEPERS << 1, Ordering::AcqRel);
    }

    /// Sleeps until the next publication, at most so long, unless the word is not `seen` any more,
    /// or `found` finds something when this waiter has announced itself.
    pub(crate) fn sleep(self, seen: u32, at_most: Duration, found: impl FnOnce() -> bool) {
        let seen = mutant!("notify-any-word", seen => self.0.fetch_or(SLEEPERS, Ordering::Relaxed));
        let marked = seen | SLEEPERS;
        // SeqCst: for `wake_if_announced`. For a publisher nothing is needed: the bit carries no
        // data, and its swap is on this word.
        let announced = seen == marked
            || self.0.compare_exchange(seen, marked, Ordering::SeqCst, Ordering::Relaxed).is_ok();
        if announced && !found() {
            stop_point!("wait.sleeping");
            os::futex_wait(self.0, marked, at_most);
        }
    }

    /// Wakes all who sleep, if anybody has announced itself. For callers that tell of themselves
    /// elsewhere than in this word: they do so with a SeqCst store, and then this load, while a
    /// waiter announces itself and then looks there with a SeqCst load. In the one order of all
    /// these, the waiter's look comes after the store, or this load after the announcement.
    #[inline]
    pub(crate) fn wake_if_announced(self) {
        if self.0.load(Ordering::SeqCst) & SLEEPERS != 0 {
            self.wake_announced();
        }
    }

    #[cold]
    fn wake_announced(self) {
        // Another number and no bit, so that whoever is about to sleep is turned away. Release:
        // meets the acquire of `look`. Relaxed on failure: tried again.
        let next = |word: u32| Some((word & !SLEEPERS).wrapping_add(SLEEPERS << 1));
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, next);
        self.wake_all();
    }

    /// Wakes all who sleep, to look again.
    pub(crate) fn wake_all(self) {
        os::futex_wake_all(self.0);
    }
}
