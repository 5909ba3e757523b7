//! The stripes in which calls on atomic fields are counted; why they are enough is in `atomic`.

use std::time::Duration;

use super::{Forked, Partition};
use crate::error::Error;
use crate::notify::Notify;
use crate::semaphore::Owners;
use crate::sync::{AtomicU64, Ordering, fence};

impl Partition {
    /// A counter of calls for each stripe.
    fn stripes(&self) -> impl Iterator<Item = &AtomicU64> {
        self.stripe_words().iter().step_by(crate::layout::ALIGN / crate::layout::WORD)
    }

    /// Calls so far, and one for the creation.
    pub(crate) fn sum_of_stripes(&self) -> u64 {
        // Relaxed, both: the fence meets the increments in `CountCall`.
        let stripes = self.stripes().map(|stripe| stripe.load(Ordering::Relaxed));
        let created = self.control().version.load(Ordering::Relaxed);
        let sum = stripes.fold(created, u64::wrapping_add);
        fence(Ordering::Acquire);
        sum
    }

    /// Waits until a call is counted that `since` does not count.
    pub(crate) fn wait_for_call(&self, since: u64, timeout: Duration) -> Result<u64, Error> {
        let found = || {
            // Each caller counts in one of these before it looks for sleepers.
            for stripe in self.stripes() {
                // AcqRel: meets that of `CountCall`.
                stripe.fetch_add(0, Ordering::AcqRel);
            }
            self.sum_of_stripes() != since
        };
        self.wait(since, timeout, || self.sum_of_stripes(), found)
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
        let stripe = self.0.region.me() as usize % crate::layout::STRIPES;
        if let Some(stripe) = self.0.stripes().nth(stripe) {
            // Release: meets the fence in `sum_of_stripes`, and a waiter's change of the stripe, as
            // does the acquire.
            stripe.fetch_add(1, Ordering::AcqRel);
        }
        Notify(&self.0.control().notify).wake_if_announced();
    }
}
