//! The counters of calls that write an atomic field; why they are enough is in `atomic`.

use super::control::Control;
use super::layout;
use super::notify::{Met, Notify, Source};
use crate::sync::{AtomicU64, Ordering, fence, mutant, touch_64};
use crate::words;

/// Words from one counter to the next: each has cache lines of its own. Loom has no cache.
const STRIDE: usize = if cfg!(loom) { 1 } else { layout::ALIGN / words::WORD };

/// How many counters there are.
pub(crate) const COUNT: usize = if cfg!(loom) { 2 } else { layout::CALL_COUNTERS };

/// The counters of one field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallCounters<'a> {
    pub(crate) control: &'a Control,
    /// All of them, each with the gap behind it.
    pub(crate) words: &'a [AtomicU64],
}

impl<'a> CallCounters<'a> {
    fn counters(self) -> impl Iterator<Item = &'a AtomicU64> {
        self.words.iter().step_by(STRIDE)
    }

    /// Calls so far, and one for the creation.
    pub(crate) fn sum(self) -> u64 {
        // Relaxed, both: the fence meets the increments in `count`.
        let counters = self.counters().map(|counter| counter.load(Ordering::Relaxed));
        let created = self.control.version.load(Ordering::Relaxed);
        let sum = counters.fold(created, u64::wrapping_add);
        if !mutant!("calls-unordered-sum") {
            fence(Ordering::Acquire);
        }
        sum
    }

    /// Counts a call of this owner, which has stored everything, and wakes the waiters that have
    /// announced themselves.
    #[inline]
    pub(crate) fn count(self, owner: u32) {
        if let Some(counter) = self.counters().nth(owner as usize % COUNT) {
            // Release: meets the fence in `sum`, and the acquire in `meet`. Acquire: meets the
            // release in `meet`.
            let order = mutant!("calls-relaxed-count", Ordering::AcqRel => Ordering::Relaxed);
            let heard = mutant!("calls-deaf-count", order => Ordering::Release);
            counter.fetch_add(1, heard);
        }
        Notify(&self.control.notify).wake_if_announced();
    }
}

impl Source for CallCounters<'_> {
    fn notify(&self) -> Notify<'_> {
        Notify(&self.control.notify)
    }

    fn newest(&self) -> u64 {
        self.sum()
    }

    /// Changes nothing, but takes a place in the order of all changes of each counter. For every
    /// call, either this thread sees that it is counted, or the caller then sees what this thread
    /// did before.
    fn meet(&self) -> Met {
        // Release: meets the acquire in `count`. Acquire: meets its release.
        let order = mutant!("calls-relaxed-meeting", Ordering::AcqRel => Ordering::Relaxed);
        let said = mutant!("calls-mute-meeting", order => Ordering::Acquire);
        self.counters().for_each(|counter| touch_64(counter, said));
        Met::Surely
    }
}
