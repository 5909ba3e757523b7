//! The holder of the semaphore.

use super::Field;
use crate::error::SemaphoreHolder;
use crate::manifest::element::Element;
use crate::region::access::Access;

impl<T: Element, A: Access> Field<T, A> {
    /// The holder of the semaphore at this moment; `None` if it is free.
    ///
    /// [`dead`](SemaphoreHolder::dead) says whether the holder has ended without releasing it: the
    /// kernel answers that, no time-out. So a process that holds a field's semaphore for as long as it
    /// works, by a [`writer`](Field::writer), shows that it is there without a heartbeat. See the
    /// [recipe](crate::docs::recipes#presence). A holder that is stopped is not dead. One that was
    /// killed is dead once the kernel has reaped its memory, and stays the holder until another
    /// process acquires the semaphore.
    ///
    /// # Blocking
    ///
    /// Never blocks, and never acquires the semaphore. If it is held by another attachment, it makes
    /// two system calls.
    pub fn holder(&self) -> Option<SemaphoreHolder> {
        self.partition.holder()
    }
}
