//! Calls on atomic fields, counted.

use super::{Forked, Partition};
use crate::protocol::call_counters::CallCounters;
use crate::protocol::semaphore::Owners;

impl Partition {
    #[inline]
    fn call_counters(&self) -> CallCounters<'_> {
        self.memory.call_counters()
    }

    /// Calls so far, and one for the creation.
    pub(crate) fn counted_calls(&self) -> u64 {
        self.call_counters().sum()
    }

    /// Whether the calling process may write.
    #[inline]
    pub(crate) fn check_fork(&self) -> Result<(), Forked> {
        if self.region.is_forked() { Err(Forked) } else { Ok(()) }
    }

    /// Counts a call that writes when what it returns is dropped, unless that is in a fork child.
    #[inline]
    pub(crate) fn count_call(&self) -> CountCall<'_> {
        CountCall(self)
    }
}

/// A call that writes.
#[derive(Debug)]
pub(crate) struct CountCall<'a>(&'a Partition);

impl Drop for CountCall<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.0.region.is_forked() {
            return;
        }
        self.0.call_counters().count(self.0.region.me());
    }
}
