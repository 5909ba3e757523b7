//! The holder of the semaphore, for calls that do not acquire it.

use super::Partition;
use crate::error::SemaphoreHolder;
use crate::protocol::semaphore::{Owners, owner_of};
use crate::sync::Ordering;

impl Partition {
    /// The owner that holds the semaphore, 0 if it is free.
    pub(crate) fn owner(&self) -> u32 {
        // Relaxed: gone as soon as seen.
        owner_of(self.control().lock.load(Ordering::Relaxed))
    }

    /// The holder of the semaphore, and whether that owner lives.
    pub(crate) fn holder(&self) -> Option<SemaphoreHolder> {
        let owner = self.owner();
        if owner == 0 {
            return None;
        }
        // The kernel is not asked about the own attachment, which lives.
        let dead = !self.is_own(owner) && self.region.is_dead(owner);
        let holder = self.describe_holder(owner, dead);
        // Owner ids do not come back. So if it is still the holder, it was the holder when it was found
        // dead: one that released the semaphore and then ended is not reported.
        (self.owner() == owner).then_some(holder)
    }

    pub(super) fn describe_holder(&self, owner: u32, dead: bool) -> SemaphoreHolder {
        // Relaxed: a diagnostic number, which may be the next holder's already.
        let pid = self.control().pid.load(Ordering::Relaxed);
        SemaphoreHolder { owner, pid, own: self.is_own(owner), dead }
    }

    /// Whether it is this attachment. A fork child has inherited its parent's id, and is not the owner.
    fn is_own(&self, owner: u32) -> bool {
        owner == self.region.me() && !self.region.is_forked()
    }
}
