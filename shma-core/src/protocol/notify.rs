//! Waiting for a publication: one word.
//!
//! | word | meaning | who may change it |
//! |---|---|---|
//! | `n << 1` | nobody sleeps | a waiter, by adding `SLEEPERS` |
//! | `n << 1 \| SLEEPERS` | somebody may sleep, or is about to | whoever has published, to `(n + 1) << 1`, and then it wakes all |
//!
//! A publication that nobody waits for only reads the word. So publisher and waiter have to find
//! each other in some other way than by this word alone, and they do in a word that both change by
//! a read-modify-write: the publisher has to give its semaphore back anyway, and a waiter that is
//! about to sleep does a read-modify-write there that changes nothing.
//!
//! 1. The waiter reads the word, and looks whether there is anything newer.
//! 2. It announces itself by a compare-exchange on exactly the word that it has read.
//! 3. It changes nothing in the lock word, and looks once more whether there is anything newer.
//! 4. It sleeps, unless the word is another one by now.
//!
//! A publisher stores its version, gives the lock word back, and then reads this word. All changes
//! of the lock word stand in one order, each is a read-modify-write with acquire and release, and so
//! each sees what came before the ones before it. If the publisher's comes before step 3, the waiter
//! sees the publication. If it comes after, the publisher sees the announcement: it changes the
//! number, so that a waiter which does not sleep yet is turned away by the kernel, which compares
//! the word again, and wakes those who do.
//!
//! A publisher that dies before the wake leaves sleepers, who look again when their slice of sleep
//! ends. So does a number that comes round between steps 1 and 4, after 2^31 wakes.

use std::time::Duration;

use crate::os;
use crate::sync::mutant;
use crate::sync::stop_point;
use crate::sync::{AtomicU32, Ordering, load_acquire_32};

/// Somebody may sleep on the word.
const SLEEPERS: u32 = 1;

/// The notify word of a partition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notify<'a>(pub(crate) &'a AtomicU32);

impl Notify<'_> {
    /// What the word is first.
    pub(crate) const FIRST: u32 = SLEEPERS << 1;

    /// The word, to hand to [`sleep`](Self::sleep); to be followed by a look for something newer.
    #[inline]
    pub(crate) fn look(self) -> u32 {
        // Meets the release in `wake_announced`: whoever is turned away by the new number finds
        // what it was changed for.
        load_acquire_32(self.0)
    }

    /// Sleeps until somebody wakes, at most so long, unless the word is not `seen` any more, or
    /// `found` finds something newer. `found` starts with a read-modify-write, with acquire and
    /// release, of a word that every publisher changes by one before it reads this word.
    pub(crate) fn sleep(self, seen: u32, at_most: Duration, found: impl FnOnce() -> bool) {
        let known = mutant!("notify-any-word", seen => {
            self.0.fetch_or(SLEEPERS, Ordering::Relaxed) | SLEEPERS
        });
        let marked = known | SLEEPERS;
        // Relaxed: released by what `found` does next.
        let announced = known == marked
            || self.0.compare_exchange(known, marked, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if announced && !found() {
            stop_point!("wait.sleeping");
            os::futex_wait(self.0, marked, at_most);
        }
    }

    /// Wakes all who sleep, if anybody has announced itself. The caller has published, and has
    /// then changed the word that `found` changes.
    #[inline]
    pub(crate) fn wake_if_announced(self) {
        // Relaxed: ordered by that change.
        if self.0.load(Ordering::Relaxed) & SLEEPERS != 0 {
            self.wake_announced();
        }
    }

    /// Wakes all who sleep or are about to.
    #[cold]
    pub(crate) fn wake_announced(self) {
        // Another number, and no bit. Release: meets the acquire of `look`. Relaxed on failure:
        // tried again.
        let next = |word: u32| Some((word & !SLEEPERS).wrapping_add(SLEEPERS << 1));
        if !mutant!("notify-same-word") {
            let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, next);
        }
        stop_point!("wake.told");
        os::futex_wake_all(self.0);
    }
}
