//! The commit word: how several fields are published as one, and what a death in between leaves.
//!
//! A committer holds the semaphores of all fields. It fills slots, notes in each field's `target`
//! the version that the field is to have, makes `commit` odd (the instant at which it has happened)
//! stores the versions, and makes `commit` even again. If it dies in between, whoever takes over any
//! of its semaphores does the rest, here, before it looks at anything else.
//!
//! # Why redo is repeatable
//!
//! While `commit` is odd, every semaphore is held by the dead committer or by somebody inside
//! [`recover`]: nobody else can have got one without passing through here, and nobody leaves while
//! it is odd. So the targets stand still. Each version goes from `target - 1` to `target` by a
//! compare-exchange, which succeeds once however many recoverers try, and never on a version that
//! is there already or further. A recoverer that is late, after the others have ended the commit
//! and gone on, finds versions at or beyond the targets it read, and a commit word that is not the
//! one it read: all its compare-exchanges fail.
//!
//! A version can come back to `target - 1` only after 2^64 publications.

use super::control::Control;
use super::slots::{Change, Publication, Slots};
use crate::sync::mutant;
use crate::sync::stop_point;
use crate::sync::{AtomicU64, Ordering, load_acquire_64, load_held_64};

/// A commit under way. The caller holds the semaphores of all fields.
///
/// Every field is told of first, by [`join`](Self::join) or [`stay`](Self::stay); then the slots
/// of those that joined are stored; then [`happen`](Self::happen).
#[derive(Debug)]
pub(crate) struct Commit<'a> {
    word: &'a AtomicU64,
    publications: Vec<Publication<'a>>,
}

impl<'a> Commit<'a> {
    /// A commit to which so many fields may join.
    pub(crate) fn new(word: &'a AtomicU64, fields: usize) -> Self {
        Self { word, publications: Vec::with_capacity(fields) }
    }

    /// The field takes part: all of its value is going to be stored into the slot returned.
    pub(crate) fn join(&mut self, slots: Slots<'a>, version: u64) -> &'a [AtomicU64] {
        let publication = slots.begin(version, Change::Whole);
        let slot = publication.slot;
        // Relaxed: `happen` releases it.
        slots.control.target.store(version.wrapping_add(1), Ordering::Relaxed);
        self.publications.push(publication);
        slot
    }

    /// The field stays as it is. Its target must say so: one that a committer left who died before
    /// its commit had happened would be redone together with this one.
    pub(crate) fn stay(&mut self, control: &Control, version: u64) {
        // Release: a reader that has seen the last commit odd, and takes this target for that
        // commit's, must find in `accept` that it has ended. In `join` the fence in `begin` sees
        // to it.
        let order = mutant!("commit-relaxed-stay", Ordering::Release => Ordering::Relaxed);
        if !mutant!("commit-stays-unsaid") {
            control.target.store(version, order);
        }
    }

    /// Publishes all that joined, as one. Their slots have been stored.
    pub(crate) fn happen(self) {
        // Only who holds all semaphores changes it, or whoever recovers, which has happened before
        // the dead one's semaphore could be had.
        let even = load_held_64(self.word) & !1;
        stop_point!("commit.stored");
        // Release: meets the acquire loads in `recover`, in readers beside a publication, and in
        // snapshots. Targets and slots are seen by whoever sees it.
        let order = mutant!("commit-relaxed", Ordering::Release => Ordering::Relaxed);
        self.word.store(even.wrapping_add(1), order);
        stop_point!("commit.happened");
        for publication in self.publications {
            publication.publish();
            stop_point!("commit.version");
        }
        // Release: whoever sees it even sees all versions.
        self.word.store(even.wrapping_add(2), Ordering::Release);
        stop_point!("commit.done");
    }
}

/// Completes a commit that its dead owner left half-way. Returns whether there was one.
///
/// The caller has just taken a semaphore from a dead owner, and has loaded nothing since.
pub(crate) fn recover<'a>(commit: &AtomicU64, fields: impl Iterator<Item = &'a Control>) -> bool {
    // Meets the release with which the committer made it odd: the targets are seen.
    let seen = load_acquire_64(commit);
    if seen.is_multiple_of(2) {
        return false;
    }
    for field in fields {
        // Relaxed: ordered by the load of `commit`.
        let target = field.target.load(Ordering::Relaxed);
        let before = target.wrapping_sub(1);
        // Release: meets the acquire loads of readers; what the committer stored in the slot
        // came to this thread through `commit`.
        let order = mutant!("recover-relaxed-version", Ordering::Release => Ordering::Relaxed);
        // Acquire on failure: meets that release of whoever else has redone it, so that the version
        // is ordered for the caller like everything else, and loom's checks of what a holder loads
        // see it. (An older version could not be loaded in any case: the exchange has seen this one.)
        let failure = mutant!("recover-relaxed-failure", Ordering::Acquire => Ordering::Relaxed);
        let _ = field.version.compare_exchange(before, target, order, failure);
        if mutant!("recover-plain-version") {
            field.version.store(target, Ordering::Release);
        }
        stop_point!("recover.version");
    }
    // Release: whoever sees it even sees all versions.
    let order = mutant!("recover-relaxed-commit", Ordering::Release => Ordering::Relaxed);
    let _ = commit.compare_exchange(seen, seen.wrapping_add(1), order, Ordering::Relaxed);
    stop_point!("recover.done");
    true
}
