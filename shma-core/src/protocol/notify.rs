//! Waiting for a publication: one word.
//!
//! | word | meaning | changed by |
//! |---|---|---|
//! | `n << 1` | no waiter sleeps | a waiter, by adding `SLEEPERS` |
//! | `n << 1 \| SLEEPERS` | a waiter may sleep, or is about to | a process that has published, to `(n + 1) << 1`, and then it wakes all |
//!
//! A publication that no waiter waits for only reads the word. So publisher and waiter have to meet
//! in some other word, by a read-modify-write of each. For a field this word is its lock word. The
//! publisher has to release the semaphore anyway, and a waiter that is about to sleep does a
//! read-modify-write there that changes nothing. For an atomic field it is each of its call
//! counters.
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
//!    which compares the word again, turns away a waiter that does not sleep yet. And it wakes the
//!    waiters that do.
//!
//! # The same on x86-64
//!
//! That argument needs nothing of the processor but what the orderings say. On x86-64 a weaker one
//! holds too, and would hold if the compiler left step 3 out, as it does with a `fetch_or(0)`. A
//! locked instruction there orders all that is before it ahead of all that is behind it.
//!
//! 1. The waiter's announcement is a locked instruction between step 1 and its second look. The
//!    publisher's release is one between its version and its look at this word. Both cannot miss
//!    the other: whichever of the two instructions is later has the other's store before its look.
//! 2. A waiter that finds `SLEEPERS` set already announces nothing. But it read the bit before it
//!    looked for the version. If it missed the version, the publisher's look comes later still. The
//!    publisher then finds the bit, or another number, at which the kernel turns the waiter away.
//!
//! So if the announcement ever became a plain store, step 3 would still be there: it is a
//! compare-exchange, which compilers keep.
//!
//! # A publisher that keeps the semaphore
//!
//! It stores its version and then reads this word; the waiter announces itself and then looks for the
//! version. Each has a store before a load of what the other stores. No order but sequential
//! consistency forbids both loads to be early, so a fence has to stand between the two on either
//! side. With plain accesses alone, whatever the words, a wake-up is lost now and then. (On x86-64
//! that is the store buffer. A value that the kernel compares does not help: the kernel compares on
//! the waiter's side, and the version may still be in the publisher's buffer.)
//!
//! But the fence need not be an instruction of the publisher's. A waiter sleeps, which costs a system
//! call, and a publication costs some nanoseconds. So the waiter pays for both, by a [heavy
//! fence](os::heavy_fence). The kernel has every processor that runs a thread of the publisher's
//! process execute a fence at some point during the call. A thread that does not run has executed
//! one when it was interrupted. The publisher's part is a [light fence](os::light_fence): it keeps
//! the compiler from moving the two accesses, and is no instruction.
//!
//! The waiter has to know that it owes that fence. The bit `WRITER` in the lock word says so, and
//! step 3 returns it. Again all changes of the lock word stand in one order, and are
//! read-modify-writes.
//!
//! 1. Step 3 comes before the acquisition, which acquires what step 3 released. So every look of
//!    this publisher sees the announcement, or what it was changed to since.
//! 2. Step 3 comes after the release: the waiter sees all that was published.
//! 3. It comes in between and sees `WRITER`. The waiter then calls the heavy fence, and after it
//!    looks for the version. That fence meets the publisher at one point of its program. If the point
//!    comes before the light fence of a publication, the publisher's look comes after it and sees
//!    the announcement. Else the version was stored before it, and the waiter sees it.
//!
//! A heavy fence reaches only threads of processes that [asked for it](os::accept_heavy_fences). A
//! publisher asks before it acquires the semaphore. Where the kernel refuses, it acquires it
//! without the bit, and after each publication changes nothing in the lock word, as a waiter does
//! in step 3. That is the argument at the top, with this change in place of the release. A waiter
//! whose kernel refuses it the heavy fence does not sleep on the word: it looks every [`POLL`].
//!
//! Linux (seen with 6.18) leaves a gap. A processor that waits for work keeps the memory of the process
//! that it ran last. If that process asks for heavy fences meanwhile, the kernel does not note it
//! there, nor when the process runs there again, until another one has. Then the fence misses the
//! publisher. So a waiter that has met one by a fence sleeps for [`POLL`] first, and looks once more.
//! What either had stored before is visible to the other by then, without any fence: a store
//! stays in the buffer of a processor for less than a microsecond. A publication whose look came
//! before the announcement was visible is found by that second look, and the looks of all later ones
//! find the announcement.
//!
//! # Deaths
//!
//! A publisher that dies before the wake leaves sleepers, which look again when their slice of sleep
//! ends. So does a number that wraps between steps 1 and 4, after 2^31 wakes.

use std::time::Duration;

use super::control::Control;
use super::semaphore::{Semaphore, WRITER};
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
    /// one before it looks for sleepers. And the heavy fence, if a holder needs it.
    fn meet(&self) -> Met;
}

/// How a waiter has met the publishers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Met {
    /// In words that both change. The next publication wakes a waiter that then finds nothing newer.
    Surely,
    /// One that keeps the semaphore by a heavy fence, which may have missed it.
    ByFence,
    /// Not one that keeps the semaphore.
    Not,
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

    fn meet(&self) -> Met {
        (*self).meet()
    }
}

impl Source for Slots<'_> {
    fn notify(&self) -> Notify<'_> {
        Notify(&self.control.notify)
    }

    fn newest(&self) -> u64 {
        self.version()
    }

    fn meet(&self) -> Met {
        // A publisher releases this word before it looks for sleepers, or keeps it.
        let kept = Semaphore(&self.control.lock).meet();
        if !kept || mutant!("notify-no-heavy-fence") {
            Met::Surely
        } else if os::heavy_fence() {
            Met::ByFence
        } else {
            Met::Not
        }
    }
}

/// How often a waiter looks at what it is not woken for. And how long it takes at most until what one
/// processor stores is visible to the others, without any fence: by far.
pub(crate) const POLL: Duration = Duration::from_millis(1);

/// The most words that a thread can sleep on.
const MOST: usize = os::MOST_WORDS;

/// Waits until a source has a publication other than the one beside it. Returns the place of the first
/// such source, and the number of that publication; `None` when `turn` gives up.
///
/// The sleep is on as many words as the system allows, from the first on. The sources behind these are
/// looked at every [`POLL`], and so are sources that this process may not announce itself to.
pub(crate) fn wait_any<S: Source>(
    sources: &[(S, u64)],
    mut turn: impl FnMut() -> Turn,
) -> Option<(usize, u64)> {
    let mut seen = [0; MOST];
    // No word that a waiter has announced itself in.
    let mut known = [0; MOST];
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
            Turn::Sleep(at_most) => {
                if sleep_on(sources, &mut seen, &known, at_most) {
                    known = seen;
                }
            }
            Turn::End => return None,
        }
    }
}

/// Sleeps until a source is published, for at most this long. Makes of the words that were seen those that
/// were announced, and returns whether they are known by now.
fn sleep_on<S: Source>(
    sources: &[(S, u64)],
    seen: &mut [u32],
    known: &[u32],
    mut at_most: Duration,
) -> bool {
    let mut words: Option<os::Words<'_>> = None;
    if sources.len() > os::most_words() {
        at_most = at_most.min(POLL);
    }
    let lines = sources.iter().zip(seen).zip(known);
    for (((source, since), seen), known) in lines.take(os::most_words()) {
        let announces = !mutant!("wait-any-announces-one") || words.is_none();
        if !source.may_announce() {
            at_most = at_most.min(POLL);
        } else if announces {
            match announce(source, *seen, *since, *known) {
                Announced::Sleep(announced) => *seen = announced,
                Announced::Unknown(announced) => {
                    *seen = announced;
                    at_most = at_most.min(POLL);
                }
                Announced::Again => return false,
                Announced::Unsure => {
                    os::pause(at_most.min(POLL));
                    return false;
                }
            }
        }
        let word = source.notify().0;
        match &mut words {
            None => words = Some(os::Words::new(word, *seen)),
            Some(words) => words.push(word, *seen),
        }
    }
    stop_point!("wait.sleeping");
    match words {
        Some(words) => words.sleep(at_most) && at_most >= POLL,
        None => {
            os::pause(at_most);
            false
        }
    }
}

/// What a waiter may do that has announced itself.
pub(crate) enum Announced {
    /// It sleeps while the word is this.
    Sleep(u32),
    /// It sleeps while the word is this, and looks again after [`POLL`]. Then the word is known.
    Unknown(u32),
    /// It looks again.
    Again,
    /// It looks every [`POLL`]: no wake-up is sure.
    Unsure,
}

/// Steps 2 and 3, by a waiter that has seen this word and then nothing newer than `since`. All
/// processors know that it has announced itself in the word `known`.
pub(crate) fn announce(source: &impl Source, seen: u32, since: u64, known: u32) -> Announced {
    let Some(announced) = source.notify().mark(seen) else { return Announced::Again };
    let met = if mutant!("notify-meets-none") { Met::Surely } else { source.meet() };
    if met == Met::Not && !mutant!("notify-sleeps-unsure") {
        return Announced::Unsure;
    }
    let found = !mutant!("notify-looks-once") && source.newest() != since;
    if found {
        Announced::Again
    } else if met == Met::ByFence && announced != known && !mutant!("notify-trusts-heavy-fence") {
        Announced::Unknown(announced)
    } else {
        Announced::Sleep(announced)
    }
}

/// Releases the semaphore, and if its holder has published, wakes the waiters for that.
#[inline]
pub(crate) fn release(control: &Control, me: u32, published: bool) {
    Semaphore(&control.lock).release(me);
    if published {
        stop_point!("wake.released");
        Notify(&control.notify).wake_if_announced();
    }
}

/// How a publisher that keeps the semaphore meets the waiters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// By its light fences and their heavy ones: it has acquired the semaphore with `WRITER`.
    Fenced,
    /// In the lock word, after each publication.
    Touched,
}

impl Kept {
    /// Waiters may use heavy fences if this process gets them; to be asked before the acquisition.
    pub(crate) fn prepare() -> Self {
        if os::accept_heavy_fences() { Self::Fenced } else { Self::Touched }
    }

    /// The owner id, as the semaphore is to be acquired and released.
    pub(crate) fn mark(self, me: u32) -> u32 {
        if self == Self::Fenced && !mutant!("writer-unmarked") { me | WRITER } else { me }
    }
}

/// Wakes the waiters for what the holder has just published. The holder keeps the semaphore.
#[inline(always)]
pub(crate) fn wake_kept(control: &Control, kept: Kept) {
    stop_point!("wake.kept");
    match kept {
        Kept::Fenced => {
            if !mutant!("notify-no-light-fence") {
                os::light_fence();
            }
        }
        Kept::Touched => {
            if !mutant!("notify-untouched") {
                Semaphore(&control.lock).meet();
            }
        }
    }
    Notify(&control.notify).wake_if_announced();
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

    /// The number in a word: the announcement left out.
    pub(crate) fn number(word: u32) -> u32 {
        word & !SLEEPERS
    }

    /// Step 2: sets `SLEEPERS`, unless the word is not `seen` any more. Returns what the word is then.
    pub(crate) fn mark(self, seen: u32) -> Option<u32> {
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
    /// changed the word that waiters meet it in, or passed a light fence.
    #[inline]
    pub(crate) fn wake_if_announced(self) {
        // Relaxed: ordered by that change or fence.
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
