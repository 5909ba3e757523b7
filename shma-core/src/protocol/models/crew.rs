//! The owners of a model: threads, each with an id, and which of them have died.

use crate::os;
use crate::protocol::semaphore::Owners;
use crate::sync::{AtomicU32, Ordering};

/// Who has died: bit `id`.
pub(super) struct Crew(AtomicU32);

impl Crew {
    pub(super) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    pub(super) fn member(&self, id: u32) -> Member<'_> {
        Member { crew: self, id }
    }

    /// Ends an owner, which must do nothing any more.
    pub(super) fn bury(&self, id: u32) {
        // Release: a process is dead to the kernel when all that it stored is in memory.
        self.0.fetch_or(1 << id, Ordering::Release);
        os::time_passes();
    }
}

/// One of them.
pub(super) struct Member<'a> {
    crew: &'a Crew,
    id: u32,
}

impl Owners for Member<'_> {
    fn me(&self) -> u32 {
        self.id
    }

    fn is_dead(&self, owner: u32) -> bool {
        assert_ne!(owner, self.id, "asked for itself");
        // Relaxed: to order what the dead one did before what comes now is the asker's business.
        self.crew.0.load(Ordering::Relaxed) & (1 << owner) != 0
    }
}
