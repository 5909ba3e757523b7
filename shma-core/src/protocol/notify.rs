//! Waiting for a publication: one word.
//!
//! | word | meaning | changed by |
//! |---|---|---|
//! | `n << 1` | no waiter sleeps | a waiter, by adding `SLEEPERS` |
//! | `n << 1 \| SLEEPERS` | a waiter may sleep, or is about to | a process that has published, to `(n + 1) << 1`, and then it wakes all |
//!
//! A publication that no waiter waits for only reads the word. So publisher and waiter have to meet
//! in some other word, by a read-modify-write of each. For a field that is its lock word: the
//! publisher has to release the semaphore anyway, and a waiter that is about to sleep does a
//! read-modify-write there that changes nothing. For an atomic field it is each of its call counters.
//!
//! 1. The waiter reads the word, and looks whether there is anything newer.
//! 2. It announces itself by a compare-exchange on exactly the word that it has read.
//! 3. It changes nothing in the lock word, and looks once more whether there is anything newer.
//! 4. It sleeps, unless the word is another one by now.
//!
//! A publisher stores its version, releases the lock word, and then reads this word.
//!
//! # Why no wake-up is lost
//!
//! All changes of the lock word stand in one order. Each is a read-modify-write with acquire and
//! release, and so each sees what came before the ones before it.
//!
//! 1. The publisher's change comes before step 3: the waiter sees the publication.
//! 2. It comes after: the publisher sees the announcement. It changes the number, so that the kernel,
//!    which compares the word again, turns away a waiter that does not sleep yet; and it wakes those
//!    that do.
//!
//! # The same on x86-64
//!
//! That argument needs nothing of the processor but what the orderings say. On x86-64 a weaker one
//! holds too, and would hold if the compiler left step 3 out, as it does with a `fetch_or(0)`. A
//! locked instruction there orders all that is before it ahead of all that is behind it.
//!
//! 1. The waiter's announcement is a locked instruction between step 1 and its second look, and the
//!    publisher's release is one between its version and its look at this word. Both cannot miss the
//!    other: whichever of the two instructions is later has the other's store before its look.
//! 2. A waiter that finds `SLEEPERS` set already announces nothing. But it read the bit before it
//!    looked for the version. If it missed the version, the publisher's look comes later still: the
//!    publisher finds the bit, or another number, at which the kernel turns the waiter away.
//!
//! So if the announcement ever became a plain store, step 3 would still be there: it is a
//! compare-exchange, which compilers keep.
//!
//! # Deaths
//!
//! A publisher that dies before the wake leaves sleepers, which look again when their slice of sleep
//! ends. So does a number that wraps between steps 1 and 4, after 2^31 wakes.

use std::time::Duration;

use super::control::Control;
use super::semaphore::Semaphore;
use super::slots::Slots;
use crate::os;
use crate::sync::mutant;
use crate::sync::stop_point;
use crate::sync::{AtomicU32, Ordering, load_acquire_32};

/// A waiter may sleep on the word.
const SLEEPERS: u32 = 1;

/// What a waiter does that has found nothing newer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Turn {
    /// It looks again.
    Again,
    /// It sleeps until it is woken, for at most this long, and looks again.
    Sleep(Duration),
    /// It gives up.
    End,
}

/// What is published and waited for.
pub(crate) trait Source {
    /// The word that publishers look at for sleepers.
    fn notify(&self) -> Notify<'_>;

    /// The number of the newest publication.
    fn newest(&self) -> u64;

    /// Whether this process may change the word. A waiter that may not looks every [`POLL`].
    fn may_announce(&self) -> bool {
        true
    }

    /// Step 3: a read-modify-write, with acquire and release, of each word that a publisher changes by
    /// one before it looks for sleepers.
    fn meet(&self);
}

impl<S: Source> Source for &S {
    fn notify(&self) -> Notify<'_> {
        (*self).notify()
    }

    fn newest(&self) -> u64 {
        (*self).newest()
    }

    fn may_announce(&self) -> bool {
        (*self).may_announce()
    }

    fn meet(&self) {
        (*self).meet();
    }
}

impl Source for Slots<'_> {
    fn notify(&self) -> Notify<'_> {
        Notify(&self.control.notify)
    }

    fn newest(&self) -> u64 {
        self.version()
    }

    fn meet(&self) {
        // A publisher releases this word before it looks for sleepers.
        Semaphore(&self.control.lock).meet();
    }
}

/// How often a waiter looks at what it is not woken for.
const POLL: Duration = Duration::from_millis(1);

/// The most words that a thread can sleep on.
const MOST: usize = os::MOST_WORDS;

/// Waits until a source has a publication other than the one beside it. Returns the place of the first
/// such source, and the number of that publication; `None` when `turn` gives up.
///
/// The sleep is on as many words as the system allows, from the first on. The sources behind these are
/// looked at every [`POLL`], and so are those that this process may not announce itself to.
pub(crate) fn wait_any<S: Source>(
    sources: &[(S, u64)],
    mut turn: impl FnMut() -> Turn,
) -> Option<(usize, u64)> {
    let mut seen = [0; MOST];
    loop {
        for (at, (source, since)) in sources.iter().enumerate() {
            if let Some(seen) = seen.get_mut(at) {
                *seen = source.notify().look();
            }
            let version = source.newest();
            if version != *since {
                return Some((at, version));
            }
        }
        match turn() {
            Turn::Again => {}
            Turn::Sleep(at_most) => sleep_on(sources, &seen, at_most),
            Turn::End => return None,
        }
    }
}

/// Sleeps until a source is published, for at most this long.
fn sleep_on<S: Source>(sources: &[(S, u64)], seen: &[u32], at_most: Duration) {
    let mut words: Option<os::Words<'_>> = None;
    let mut is_woken = sources.len() <= os::most_words();
    for ((source, since), seen) in sources.iter().zip(seen).take(os::most_words()) {
        let announces = !mutant!("wait-any-announces-one") || words.is_none();
        let seen = if announces && source.may_announce() {
            let Some(announced) = announce(source, *seen, *since) else { return };
            announced
        } else {
            is_woken = false;
            *seen
        };
        let word = source.notify().0;
        match &mut words {
            None => words = Some(os::Words::new(word, seen)),
            Some(words) => words.push(word, seen),
        }
    }
    stop_point!("wait.sleeping");
    let at_most = if is_woken { at_most } else { at_most.min(POLL) };
    match words {
        Some(words) => words.sleep(at_most),
        None => os::pause(at_most),
    }
}

/// Steps 2 and 3, by a waiter that has seen this word and then nothing newer than `since`. It may
/// sleep while the word is what is returned; `None` if it has to look again.
pub(crate) fn announce(source: &impl Source, seen: u32, since: u64) -> Option<u32> {
    let announced = source.notify().mark(seen)?;
    if !mutant!("notify-meets-nobody") {
        source.meet();
    }
    let found = !mutant!("notify-looks-once") && source.newest() != since;
    (!found).then_some(announced)
}

/// Releases the semaphore, and if its holder has published, wakes those that wait for that.
#[inline]
pub(crate) fn release(control: &Control, me: u32, published: bool) {
    Semaphore(&control.lock).release(me);
    if published {
        stop_point!("wake.released");
        Notify(&control.notify).wake_if_announced();
    }
}

/// The notify word of a partition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notify<'a>(pub(crate) &'a AtomicU32);

impl Notify<'_> {
    /// What the word is first.
    pub(crate) const FIRST: u32 = SLEEPERS << 1;

    /// The word, for step 2; to be followed by a look for something newer.
    #[inline]
    pub(crate) fn look(self) -> u32 {
        // Meets the release in `wake_announced`: a waiter that the new number turns away
        // finds what it was changed for.
        load_acquire_32(self.0)
    }

    /// Step 2: sets `SLEEPERS`, unless the word is not `seen` any more. Returns what the word is then.
    fn mark(self, seen: u32) -> Option<u32> {
        let known = mutant!("notify-any-word", seen => {
            self.0.fetch_or(SLEEPERS, Ordering::Relaxed) | SLEEPERS
        });
        let marked = known | SLEEPERS;
        // Relaxed: released by what meets the publisher next.
        let announced = known == marked
            || self.0.compare_exchange(known, marked, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        announced.then_some(marked)
    }

    /// Wakes all that sleep, if a waiter has announced itself. The caller has published, and has then
    /// changed the word that waiters meet it in.
    #[inline]
    pub(crate) fn wake_if_announced(self) {
        // Relaxed: ordered by that change.
        if self.0.load(Ordering::Relaxed) & SLEEPERS != 0 {
            self.wake_announced();
        }
    }

    /// Wakes all that sleep or are about to.
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
