//! The commit word: how several fields are published as one, and what a death in between leaves.
//!
//! A committer holds the semaphores of all fields. It fills slots, and notes in each field's
//! `target` the version that the field is to have. Then it makes `commit` odd (the instant at which
//! it has happened), stores the versions, and makes `commit` even again. If it dies in between, the
//! process that takes over any of its semaphores does the rest, here, before it looks at anything
//! else.
//!
//! # Why redo is repeatable
//!
//! While `commit` is odd, every semaphore is held by the dead committer or by a thread inside
//! [`recover`]. No other can have acquired one without passing through here, and none leaves while
//! `commit` is odd. So the targets stand still. Each version goes from `target - 1` to `target` by
//! a compare-exchange. It succeeds once however many recoverers try, and never on a version that is
//! there already or further. A recoverer may be late, after the others have ended the commit and
//! gone on. It finds versions at or beyond the targets it read, and a commit word that is not the
//! one it read. So all its compare-exchanges fail.
//!
//! A version can come back to `target - 1` only after 2^64 publications.

use super::control::Control;
use super::notify::Notify;
use super::semaphore::Semaphore;
use super::slots::{self, Change, Slots};
use crate::sync::mutant;
use crate::sync::stop_point;
use crate::sync::{AtomicU64, Ordering, load_acquire_64, load_held_64};

/// A field that gets a new value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Joined<'a> {
    pub(crate) slots: Slots<'a>,
    pub(crate) bytes: &'a [u8],
    /// Stores the bytes into a slot: [`words::store`], or the same for one length.
    pub(crate) store: fn(&[AtomicU64], &[u8]),
}

/// Publishes several fields as one. `fields` are all fields of the region that have a semaphore,
/// which the caller holds. `joined` are those of them that get a new value. It is gone over several
/// times, so that nothing is allocated.
///
/// `check` has the last word: it runs behind everything that is not visible.
pub(crate) fn publish<'a, E>(
    word: &AtomicU64,
    fields: impl Iterator<Item = &'a Control>,
    joined: impl Iterator<Item = Joined<'a>> + Clone,
    check: impl FnOnce() -> Result<(), E>,
) -> Result<(), E> {
    fields.for_each(stay);
    joined.clone().for_each(|it| join(it.slots));
    for Joined { slots, bytes, store } in joined.clone() {
        store(slots.begun(slots.held_version()).slot, bytes);
        stop_point!("commit.slot");
    }
    check()?;
    happen(word, joined.map(|it| it.slots.control));
    Ok(())
}

/// Tells of a field whose value is going to be stored.
fn join(slots: Slots<'_>) {
    let version = slots.held_version();
    slots.begin(version, Change::Whole);
    // Relaxed: `happen` releases it.
    slots.control.target.store(version.wrapping_add(1), Ordering::Relaxed);
}

/// Tells of a field that stays as it is unless it [joins](join). Its target is reset: a stale one, left by a committer that
/// died before its commit happened, would be redone together with this commit.
fn stay(control: &Control) {
    // Held: changed under the semaphore only.
    let version = load_held_64(&control.version);
    // Release: a reader that has seen the last commit odd, and takes this target for that
    // commit's, must find in `accept` that it has ended. In `join` the fence in `begin` sees
    // to it.
    let order = mutant!("commit-relaxed-stay", Ordering::Release => Ordering::Relaxed);
    if !mutant!("commit-stays-unsaid") {
        control.target.store(version, order);
    }
}

/// Publishes all that joined, as one. Their slots have been stored.
fn happen<'a>(word: &AtomicU64, joined: impl Iterator<Item = &'a Control>) {
    // Only the holder of all semaphores changes it, or a recoverer, before the dead owner's
    // semaphore can be acquired.
    let even = load_held_64(word) & !1;
    stop_point!("commit.stored");
    // Release: meets the acquire loads in `recover`, in readers beside a publication, and in
    // snapshots. A thread that sees it sees targets and slots.
    let order = mutant!("commit-relaxed", Ordering::Release => Ordering::Relaxed);
    word.store(even.wrapping_add(1), order);
    stop_point!("commit.happened");
    for control in joined {
        // Held: as in `stay`.
        slots::publish(control, load_held_64(&control.version).wrapping_add(1));
        stop_point!("commit.version");
    }
    // Release: a thread that sees it even sees all versions.
    word.store(even.wrapping_add(2), Ordering::Release);
    stop_point!("commit.done");
}

/// What a thread does that has just taken this semaphore over from a dead owner, before it loads
/// anything else. It completes the owner's commit, and wakes the waiters of all fields and of the
/// semaphore. The owner may have died between a publication and its wake-up, and may have been the
/// next waiter to acquire the semaphore.
#[cold]
pub(crate) fn inherit<'a, I: Iterator<Item = &'a Control>>(
    commit: &AtomicU64,
    semaphore: Semaphore<'_>,
    fields: impl Fn() -> I,
) {
    recover(commit, fields());
    semaphore.wake_all();
    fields().for_each(|field| Notify(&field.notify).wake_announced());
    stop_point!("recover.woken");
}

/// Completes a commit that its dead owner left half-way. Returns whether there was one.
fn recover<'a>(commit: &AtomicU64, fields: impl Iterator<Item = &'a Control>) -> bool {
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
        // Acquire on failure: meets that release of another thread that has redone it. So the
        // version is ordered for the caller like everything else, and loom's checks of what a
        // holder loads see it. (An older version could not be loaded in any case: the exchange has
        // seen this one.)
        let failure = mutant!("recover-relaxed-failure", Ordering::Acquire => Ordering::Relaxed);
        let _ = field.version.compare_exchange(before, target, order, failure);
        if mutant!("recover-plain-version") {
            field.version.store(target, Ordering::Release);
        }
        stop_point!("recover.version");
    }
    // Release: a thread that sees it even sees all versions.
    let order = mutant!("recover-relaxed-commit", Ordering::Release => Ordering::Relaxed);
    let _ = commit.compare_exchange(seen, seen.wrapping_add(1), order, Ordering::Relaxed);
    stop_point!("recover.done");
    true
}
