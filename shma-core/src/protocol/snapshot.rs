//! All fields as they stood at one instant.
//!
//! The commit word is that of [`commit`](super::commit).
//!
//! # Why it shows one instant
//!
//! Let a snapshot load `commit` = c, then of every field a version and its slot, then look again.
//!
//! 1. c is even. Every version is still the same afterwards. Versions never come back, so each
//!    field held its value from the first look at it to the second. All first looks come before all
//!    second looks, with a fence of sequential consistency in between, so there is an instant at
//!    which all those values stood. A transaction that happened in between, before that instant or
//!    after it, made `commit` another one.
//! 2. c is odd: a transaction has happened and its versions are being stored, by its committer or
//!    by a process that recovers it. All semaphores are held, so nothing else is published until `commit`
//!    moves on. Each field's value is its target's, whether its version says so yet or not. The
//!    second look at `commit` confirms that it has not moved on.
//!
//! The fence orders two snapshots that look at two fields in different states. With acquire alone
//! each could see one of two independent updates and miss the other one.
//!
//! # The fence where the processor orders loads
//!
//! x86-64 makes every store visible to all other processors at once, and carries out loads in
//! program order. A thread alone sees a store of its own before the others do, while it is in the
//! store buffer. So if no version that the thread has stored is still there, all its loads read from
//! the one order of stores, first looks before second looks, and the fence need not be an instruction.
//!
//! A call that publishes releases the semaphore afterwards, by a locked instruction, which empties the
//! store buffer. A holder that [keeps](super::notify#a-publisher-that-keeps-the-semaphore) the
//! semaphore publishes without one. Two such threads could each see its own version and miss the
//! other's. So a snapshot of a thread that holds any semaphore passes a whole fence: [`Own`].

use super::control::Control;
use super::slots::Slots;
use crate::sync::mutant;
use crate::sync::stop_point;
use crate::sync::{AtomicU64, Ordering, fence, load_acquire_64};
use crate::words;

/// One attempt at a snapshot. The caller keeps the versions that [`copy`](Self::copy) returns, and
/// compares them when [`confirm`](Self::confirm) asks.
#[derive(Debug)]
pub struct Attempt<'h> {
    word: &'h AtomicU64,
    commit: u64,
    own: Own,
}

/// Where the versions are that the calling thread has stored itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// Ahead of a locked instruction: all other threads see them.
    Visible,
    /// Perhaps on their way: the thread holds a semaphore.
    OnTheirWay,
}

/// The slot was overwritten while it was copied.
#[derive(Debug)]
pub(crate) struct Overtaken;

impl<'h> Attempt<'h> {
    /// Looks at the commit word of the region.
    #[inline]
    pub(crate) fn begin(word: &'h AtomicU64, own: Own) -> Self {
        // Meets the releases of the commit and its recovery.
        Self { word, commit: load_acquire_64(word), own }
    }

    /// The first look at a field: has a slot copied, and returns the number of the publication that is
    /// in it. The copy counts only if [`confirm`](Self::confirm) says so.
    // Always: room for its arguments in memory costs as much as a small value.
    #[inline(always)]
    pub(crate) fn copy(
        &self,
        slots: Slots<'_>,
        copy: impl FnOnce(&[AtomicU64]),
    ) -> Result<u64, Overtaken> {
        let version = slots.enter_snapshot(self.commit);
        copy(slots.slot(version));
        if slots.is_intact(version) { Ok(version) } else { Err(Overtaken) }
    }

    /// Whether there was an instant at which the fields held what was copied. `again` looks at each
    /// field a second time, by [`is_unchanged`], and says whether all were as they had been.
    #[inline]
    pub(crate) fn confirm(self, again: impl FnOnce() -> bool) -> bool {
        stop_point!("snapshot.copied");
        // All first looks come before it, all second looks after it, in one order of all threads.
        match self.own {
            Own::Visible => words::order_loads(),
            Own::OnTheirWay => {
                fence(mutant!("snapshot-forgets-own", Ordering::SeqCst => Ordering::Acquire));
            }
        }
        let unchanged = !self.commit.is_multiple_of(2) || mutant!("snapshot-looks-once") || again();
        // Relaxed: behind the fence.
        let confirmed = mutant!("snapshot-commit-unconfirmed")
            || self.word.load(Ordering::Relaxed) == self.commit;
        unchanged && confirmed
    }
}

/// The second look at a field: whether it still has the version that the first one saw.
#[inline]
pub(crate) fn is_unchanged(control: &Control, version: u64) -> bool {
    // Relaxed: behind the fence.
    control.version.load(Ordering::Relaxed) == version
}
