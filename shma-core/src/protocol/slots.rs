//! Publishing and reading: K slots, a version that names the active one, and no reader that writes.
//!
//! Publication `n` goes to slot `n % K`. A reader copies the active slot and then looks whether a
//! writer may have started to overwrite it meanwhile; writers never look for readers. It is a
//! seqlock (Lameter, 2005) stretched over K slots. So a reader loses only when K - 1 further
//! publications pass while it copies. The fences are those of Boehm, "Can seqlocks get along with
//! programming language memory models?", MSPC 2012.
//!
//! Nothing here is a pointer: the protocol works on the atomics that it is given, in a region or on
//! the heap under loom.
//!
//! # What keeps a reader from accepting a mixed value
//!
//! Let a reader load `version` = v, copy slot v % K, and then load `begin` = b. The slot is written
//! again first by publication v + K, whose writer stores `begin` = v + K before any word of it.
//!
//! 1. The copy saw a word of publication v + K or a later one. The writer's release fence stands
//!    between its `begin` and that word, the reader's acquire fence between the word and b. So
//!    b >= v + K, and the reader refuses.
//! 2. The copy missed a word of publication v. `version` = v was stored with release after that
//!    word and loaded with acquire before the copy, so this cannot be.
//! 3. Neither: the copy is publication v.
//!
//! A check of `version` alone would accept case 1 while v + K is still being written.
//!
//! # Why catching up by dirty ranges is complete
//!
//! `dirty[n % K]` is the range of words in which publication n differs from n - 1. The target slot
//! t of publication v + 1 holds v + 1 - K. So it equals the active slot outside the union of the
//! ranges of the K - 1 publications since. If a writer died on its way to v + 1, slot t may also
//! differ in the range that the dead writer had announced. Its announcement stands in `dirty[t]`,
//! and `begin` = v + 1 says that it counts. A death at any word may cut off the copying of those
//! ranges, and the next writer repeats it: it only ever makes slot t more equal to the active one.
//! `dirty[t]` is replaced only when slot t is equal everywhere, or when all of it is about to be
//! written.

use std::ops::Range;

use super::control::Control;
use crate::sync::mutant;
use crate::sync::stop_point;
use crate::sync::{AtomicU64, Ordering, fence, load_acquire_64, load_held_64};
use crate::words::{self, copy};

/// Words of the largest value whose slots are ever prefetched all.
const PREFETCHED: usize = 128;

/// The slots of one field, and what says which is which.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slots<'a> {
    pub(crate) control: &'a Control,
    /// The region's commit word; see the commit protocol.
    pub(crate) commit: &'a AtomicU64,
    /// All slots, one behind the other.
    pub(crate) words: &'a [AtomicU64],
    /// How many: a power of two, so that `version % count` goes on when `version` wraps.
    pub(crate) count: usize,
    /// Words from one slot to the next.
    pub(crate) stride: usize,
    /// Words of one value; a slot may have more behind it.
    pub(crate) len: usize,
}

/// What a publication is about to change.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// All of the value: every byte is going to be stored.
    Whole,
    /// These words, not necessarily all of their bytes. What is not stored has to be right before,
    /// so the slot is brought up to date first, also if these are all words.
    Words(Range<usize>),
}

/// A read that has begun: the publication whose slot is to be copied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) version: u64,
    /// The odd commit word, if it has to be the same at the end, else 0. Not an `Option`, so that
    /// it is returned in registers.
    pending: u64,
}

impl<'a> Slots<'a> {
    /// The slot of a publication.
    #[inline]
    pub(crate) fn slot(&self, version: u64) -> &'a [AtomicU64] {
        let index = version as usize & (self.count - 1);
        &self.words[index * self.stride..][..self.len]
    }

    /// Brings all slots of a small value into the cache, together with the version that says which
    /// of them to read. One after the other they take twice as long. Where the two cores share no
    /// cache, a writer that never pauses makes K - 1 publications meanwhile. A reader alone need
    /// not pay the price of all these lines.
    pub(crate) fn prefetch(&self) {
        if self.len <= PREFETCHED {
            self.words.chunks(self.stride).for_each(|slot| words::prefetch(&slot[..self.len]));
        }
    }

    /// Finds the newest publication.
    #[inline]
    pub(crate) fn enter(&self) -> Reading {
        // Meets the release in `Publication::publish`, and in the commit and its recovery.
        let version = load_acquire_64(&self.control.version);
        // Relaxed: equal or not, it only decides whether the commit word has to be looked at. A
        // transaction that a snapshot of this thread has seen was begun before, and what that
        // snapshot acquired shows it.
        if self.control.begin.load(Ordering::Relaxed) == version {
            return Reading { version, pending: 0 };
        }
        if mutant!("read-version-once") && load_acquire_64(self.commit).is_multiple_of(2) {
            return Reading { version, pending: 0 };
        }
        enter_beside_publication(self.control, self.commit)
    }

    /// As [`enter`](Self::enter), unless a publication has begun.
    #[inline]
    pub(crate) fn enter_alone(&self) -> Option<u64> {
        // Meets the release in `Publication::publish`, and in the commit and its recovery.
        let version = load_acquire_64(&self.control.version);
        // Relaxed: as in `enter`.
        (self.control.begin.load(Ordering::Relaxed) == version).then_some(version)
    }

    /// Whether what was copied since `enter` is the publication that it found.
    #[inline]
    pub(crate) fn accept(&self, reading: Reading) -> bool {
        // Meets the release fence in `begin`: case 1 above.
        if !mutant!("slots-no-reader-fence") {
            fence(Ordering::Acquire);
        }
        // Relaxed: the fence orders it behind the copy.
        let begun = self.control.begin.load(Ordering::Relaxed);
        let limit = mutant!("slots-limit", self.count as u64 => self.count as u64 + 1);
        let intact = mutant!("slots-unchecked") || begun.wrapping_sub(reading.version) < limit;
        intact && self.still_pending(reading)
    }

    #[inline]
    fn still_pending(&self, reading: Reading) -> bool {
        // Relaxed: behind the acquire fence or load that came before.
        mutant!("read-unconfirmed")
            || reading.pending == 0
            || self.commit.load(Ordering::Relaxed) == reading.pending
    }

    /// The publication that a snapshot which saw this commit word is to copy.
    #[inline]
    pub(crate) fn enter_snapshot(&self, commit: u64) -> u64 {
        // Meets the release in `Publication::publish`, and in the commit and its recovery.
        let version = load_acquire_64(&self.control.version);
        if commit.is_multiple_of(2) {
            return version;
        }
        // Relaxed: as in `enter_beside_publication`; the snapshot looks at `commit` once more.
        let target = self.control.target.load(Ordering::Relaxed);
        let next = version.wrapping_add(1);
        if target == next { next } else { version }
    }

    /// Whether what was copied since `enter_snapshot`, or `enter_alone`, is this publication.
    #[inline]
    pub(crate) fn is_intact(&self, version: u64) -> bool {
        self.accept(Reading { version, pending: 0 })
    }

    /// The newest publication's number.
    #[inline]
    pub(crate) fn version(&self) -> u64 {
        loop {
            let reading = self.enter();
            if reading.pending == 0 {
                return reading.version;
            }
            fence(Ordering::Acquire);
            if self.still_pending(reading) {
                return reading.version;
            }
        }
    }

    /// The active publication's number, for the holder of the semaphore.
    #[inline]
    pub(crate) fn held_version(&self) -> u64 {
        load_held_64(&self.control.version)
    }

    /// Publication `version + 1`, which the caller has [begun](Self::begin).
    #[inline]
    pub(crate) fn begun(&self, version: u64) -> Publication<'a> {
        let next = version.wrapping_add(1);
        Publication { control: self.control, next, slot: self.slot(next) }
    }

    /// Starts publication `version + 1`, which is to differ from the active one in `change` alone.
    /// The caller holds the semaphore, and `version` is the one it has loaded since.
    ///
    /// Until [`Publication::publish`] nothing is visible. A publication that is dropped, or whose
    /// process dies, leaves the field as it was.
    #[inline(always)]
    pub(crate) fn begin(&self, version: u64, change: Change) -> Publication<'a> {
        let next = version.wrapping_add(1);
        let target = next as usize & (self.count - 1);
        let slot = self.slot(next);
        // Held, here and below: the words of the control block change under the semaphore only, and
        // acquiring it has ordered them. (Recovery leaves `begin` and `dirty` alone.)
        let clean = load_held_64(&self.control.begin) == version;
        if !mutant!("slots-late-begin") {
            self.control.begin.store(next, Ordering::Relaxed);
        }
        // Meets the acquire fence in `accept`: a reader that sees a word stored from here on
        // sees `begin` too.
        if !mutant!("slots-no-writer-fence") {
            fence(Ordering::Release);
        }
        stop_point!("publish.begun");
        let range = match change {
            Change::Whole => 0..self.len,
            Change::Words(range) => {
                self.catch_up(version, target, clean, slot);
                range
            }
        };
        // Behind the catch-up, before the data: see the head of this module.
        self.control.dirty[target].store(pack(range), Ordering::Relaxed);
        // A successor that finds a word of the data must find this range.
        fence(Ordering::Release);
        stop_point!("publish.marked");
        Publication { control: self.control, next, slot }
    }

    #[cold]
    fn catch_up(&self, version: u64, target: usize, clean: bool, slot: &[AtomicU64]) {
        let active = self.slot(version);
        for (index, dirty) in self.control.dirty[..self.count].iter().enumerate() {
            if index == target && (clean || mutant!("slots-own-word-skipped")) {
                continue;
            }
            let range = unpack(load_held_64(dirty), self.len);
            copy(&slot[range.clone()], &active[range]);
            stop_point!("publish.caught_up");
        }
    }
}

/// A transaction happens when `commit` becomes odd, before its versions are stored; so beside
/// a publication that has begun, `version` may be one behind the truth.
///
/// The commit word comes first, then `version` once more: a version loaded before an even
/// commit word could be older than a transaction that has meanwhile ended.
#[cold]
fn enter_beside_publication(control: &Control, commit: &AtomicU64) -> Reading {
    // Meets the release of the commit.
    let commit = load_acquire_64(commit);
    // Meets the release in `Publication::publish`, and in the commit and its recovery.
    let version = load_acquire_64(&control.version);
    if commit.is_multiple_of(2) || mutant!("read-ignores-commit") {
        return Reading { version, pending: 0 };
    }
    // Relaxed: stored before the commit word became odd, which the acquire above has seen. If it
    // was stored again since, the commit word has changed and `accept` refuses.
    let target = control.target.load(Ordering::Relaxed);
    let next = version.wrapping_add(1);
    Reading { version: if target == next { next } else { version }, pending: commit }
}

/// A publication that has begun: its slot is the caller's to fill.
#[derive(Debug)]
pub(crate) struct Publication<'a> {
    control: &'a Control,
    next: u64,
    /// The slot, as long as one value.
    pub(crate) slot: &'a [AtomicU64],
}

impl Publication<'_> {
    /// Makes it the active one, and returns its number. Until the caller wakes them, sleepers
    /// sleep on.
    #[inline]
    pub(crate) fn publish(self) -> u64 {
        publish(self.control, self.next);
        self.next
    }
}

/// Makes a publication that has begun, and whose slot is stored, the active one.
#[inline]
pub(super) fn publish(control: &Control, next: u64) {
    stop_point!("publish.stored");
    if mutant!("slots-late-begin") {
        control.begin.store(next, Ordering::Relaxed);
    }
    // Meets the acquire loads in `enter`: case 2 above.
    let order = mutant!("slots-relaxed-version", Ordering::Release => Ordering::Relaxed);
    control.version.store(next, order);
    stop_point!("publish.published");
}

fn pack(range: Range<usize>) -> u64 {
    // A value has at most 2^32 - 1 words: `layout::MAX_FIELD_BYTES`.
    (range.start as u64) << 32 | range.end as u64
}

/// Clamped, because a peer may have written anything.
fn unpack(word: u64, len: usize) -> Range<usize> {
    let end = word as u32 as usize;
    let end = mutant!("slots-unclamped", end.min(len) => end);
    let first = ((word >> 32) as usize).min(end);
    first..end
}
