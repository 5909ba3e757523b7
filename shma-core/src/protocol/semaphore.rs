//! The binary semaphore of a partition: one word.
//!
//! | word | meaning | changed by |
//! |---|---|---|
//! | 0 | free | any attachment, to its id |
//! | `id` | held by the attachment `id`; no thread sleeps | `id`, to 0; any, by adding `WAITERS`; one that knows that `id` is dead, to its own id |
//! | `id \| WAITERS` | held by the attachment `id`; a thread may sleep | `id`, to 0, and then it wakes one; one that knows that `id` is dead, to its own id |
//! | `id \| WRITER`, with `WAITERS` or without | the same, for more than one publication: what that asks of waiters for them is in [`notify`](super::notify) | the same |
//! | `WAITERS`, `WRITER`, or both | a peer scribbled | as if held by the attachment 0, which is never alive |
//!
//! Every change is a compare-exchange on exactly the word that was seen, also the release. A word
//! that is not ours any more is left alone.
//!
//! `WAITERS` may be set with no thread asleep, which costs one needless wake-up. But every thread
//! that sleeps has set it. A thread that has slept acquires the semaphore together with the bit,
//! because it cannot know whether others still sleep. If a thread is woken and dies at once, its
//! wake-up is lost; the others find out when their slice of sleep ends.

use std::time::{Duration, Instant};

use crate::os;
use crate::sync::mutant;
use crate::sync::stop_point;
use crate::sync::{AtomicU32, Ordering, fence, load_hint_32, spin, touch_32};

/// A thread may sleep on the word.
const WAITERS: u32 = 1 << 31;

/// The holder publishes as often as it likes before it releases the word.
pub(crate) const WRITER: u32 = 1 << 30;

/// The bits of an owner id.
const OWNER: u32 = WRITER - 1;

/// Looks at the word before anything is asked of the kernel. Between two there are twice as many
/// pauses as before: each look takes the line away from a holder that is about to write it.
const LOOKS: u32 = if cfg!(loom) { 0 } else { 7 };

/// Pauses after the first look.
const PAUSES: u32 = 4;

/// The longest sleep before the owner is looked at again.
const SLICE: Duration = Duration::from_millis(5);

/// What is known of owners.
pub(crate) trait Owners {
    /// The id of the calling attachment.
    fn me(&self) -> u32;
    /// Whether the owner is known to be dead. Never asked for [`me`](Self::me).
    fn is_dead(&self, owner: u32) -> bool;
}

/// How long to wait for an owner that lives.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wait {
    /// Not at all, but a dead owner is still replaced.
    No,
    /// Until this instant, the end of a time-out of this length.
    Until(Instant, Duration),
    /// Until it is free.
    Forever,
}

impl Wait {
    /// For this long. A time-out beyond what the clock can say is none.
    pub(crate) fn at_most(timeout: Duration) -> Self {
        match Instant::now().checked_add(timeout) {
            Some(end) => Self::Until(end, timeout),
            None => Self::Forever,
        }
    }
}

/// How the semaphore was got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acquired {
    /// It was free.
    Uncontended,
    /// After waiting for its owner.
    Contended,
    /// From a dead owner. The caller owes the recovery before it does anything else.
    FromDead,
}

/// It is held by this owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy {
    pub(crate) owner: u32,
}

/// The owner in a lock word; 0 if it is free.
pub(crate) fn owner_of(word: u32) -> u32 {
    word & OWNER
}

/// The semaphore in a word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Semaphore<'a>(pub(crate) &'a AtomicU32);

impl Semaphore<'_> {
    /// Acquires it if it is free. `mine` is an owner id, with `WAITERS` and `WRITER` or without.
    #[inline]
    pub(crate) fn try_acquire_free(self, mine: u32) -> bool {
        // Acquire: meets the release in `release`, so that what the last holder stored is seen.
        // Relaxed on failure: nothing is concluded from it.
        let order = mutant!("semaphore-relaxed-acquire", Ordering::Acquire => Ordering::Relaxed);
        self.0.compare_exchange(0, mine, order, Ordering::Relaxed).is_ok()
    }

    /// Acquires it, waiting as long as `wait` says for an owner that lives. `mine` is the id of the
    /// calling attachment, with `WRITER` or without.
    #[cold]
    pub(crate) fn acquire(
        self,
        owners: &impl Owners,
        mine: u32,
        wait: Wait,
    ) -> Result<Acquired, Busy> {
        let me = owners.me();
        let mut acquired = Acquired::Uncontended;
        let mut slept = 0;
        let may_spin = !matches!(wait, Wait::No);
        let mut looks = if may_spin { 0 } else { LOOKS };
        loop {
            let seen = load_hint_32(self.0);
            if seen == 0 {
                if self.try_acquire_free(mine | slept) {
                    return Ok(acquired);
                }
                continue;
            }
            acquired = Acquired::Contended;
            if looks < LOOKS {
                (0..PAUSES << looks).for_each(|_| spin());
                looks += 1;
                continue;
            }
            let owner = owner_of(seen);
            if owner != me && owners.is_dead(owner) {
                if self.take_over(mine, seen) {
                    return Ok(Acquired::FromDead);
                }
                continue;
            }
            let left = match wait {
                Wait::No => Duration::ZERO,
                Wait::Until(end, _) => end.saturating_duration_since(Instant::now()),
                Wait::Forever => SLICE,
            };
            if left.is_zero() {
                return Err(Busy { owner });
            }
            let marked = seen | WAITERS;
            // Relaxed: the bit carries no data; the owner's compare-exchange on it is on this word.
            let marks = seen == marked
                || self
                    .0
                    .compare_exchange(seen, marked, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok();
            if marks {
                stop_point!("acquire.sleeping");
                os::futex_wait(self.0, marked, left.min(SLICE));
                slept = mutant!("semaphore-forgets-sleepers", WAITERS => 0);
                // Awake at last: a quicker thread holds it for a moment only, most likely.
                looks = 0;
            }
        }
    }

    /// Replaces an owner that is known to be dead. A thread that loses the race knows nothing: the word may
    /// since have been the next owner's, and free, and this owner's no more.
    #[cold]
    fn take_over(self, mine: u32, seen: u32) -> bool {
        // The kernel said that the owner's lock is gone; that answer comes after all it stored.
        if !mutant!("semaphore-no-take-over-fence") {
            fence(Ordering::Acquire);
        }
        if mutant!("semaphore-swapped-take-over") {
            self.0.swap(mine | WAITERS, Ordering::Acquire);
            return true;
        }
        // With WAITERS: some may sleep on the dead owner's word. Acquire: meets the release of
        // another thread that recovered and died.
        let taken = self
            .0
            .compare_exchange(seen, mine | WAITERS, Ordering::Acquire, Ordering::Relaxed)
            .is_ok();
        stop_point!("acquire.taken_over");
        taken
    }

    /// Releases it, and wakes one thread that sleeps. `mine` is what it was acquired as.
    #[inline]
    pub(crate) fn release(self, mine: u32) {
        if mutant!("semaphore-plain-release") {
            return self.0.store(0, Ordering::Release);
        }
        // Release: meets the acquire of the next holder. Acquire: meets the release in `meet`.
        let order = mutant!("semaphore-relaxed-release", Ordering::AcqRel => Ordering::Relaxed);
        let success = mutant!("semaphore-deaf-release", order => Ordering::Release);
        if self.0.compare_exchange(mine, 0, success, Ordering::Relaxed).is_err() {
            self.release_and_wake(mine);
        }
    }

    #[cold]
    fn release_and_wake(self, mine: u32) {
        // AcqRel: as above. If this fails too, a peer scribbled and the word is not ours.
        if self.0.compare_exchange(mine | WAITERS, 0, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            stop_point!("release.freed");
            if !mutant!("semaphore-wakes-none") {
                os::futex_wake_one(self.0);
            }
        }
    }

    /// Changes nothing, but takes a place in the order of all changes of the word. For every
    /// holder, either this thread sees what the holder did before it released the word, or the
    /// holder then sees what this thread did before. Returns whether it is held by a `WRITER`.
    pub(crate) fn meet(self) -> bool {
        // Release: meets the acquire in `release`, and that of an acquisition. Acquire: meets the
        // release in `release`.
        let order = mutant!("semaphore-relaxed-meeting", Ordering::AcqRel => Ordering::Relaxed);
        touch_32(self.0, order) & WRITER != 0
    }

    /// Wakes all threads that sleep, to look again.
    pub(crate) fn wake_all(self) {
        os::futex_wake_all(self.0);
    }
}
