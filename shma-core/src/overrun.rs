//! What a handle remembers of reads that publications overtook. A hint: nothing depends on it but
//! speed.

use std::sync::atomic::{AtomicU64, Ordering};

/// Publications until it is forgotten. Not reads: those would have to be counted, in a word that all
/// threads which share the handle fight over.
const MEMORY: u64 = 4096;

/// About which publication overtook a read lately; 0 if none did.
#[derive(Debug, Default)]
pub(crate) struct Overrun(AtomicU64);

/// Another handle remembers nothing yet.
impl Clone for Overrun {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Overrun {
    /// Whether there was one.
    #[inline]
    pub(crate) fn is_noted(&self) -> bool {
        // Relaxed, here and below: a hint.
        self.0.load(Ordering::Relaxed) != 0
    }

    /// A read was overtaken, about by this publication.
    pub(crate) fn note(&self, version: u64) {
        // 0 would say that there was none. It comes once in 2^64 publications.
        self.0.store(version.max(1), Ordering::Relaxed);
    }

    /// A read of this publication was not. Forgets what is long ago.
    pub(crate) fn age(&self, version: u64) {
        let noted = self.0.load(Ordering::Relaxed);
        if noted != 0 && version.wrapping_sub(noted) >= MEMORY {
            self.0.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MEMORY, Overrun};

    #[test]
    fn it_is_forgotten_after_so_many_publications() {
        let overrun = Overrun::default();
        assert!(!overrun.is_noted());
        // Also at the number that would say "none".
        for first in [0, 1, 7, u64::MAX - 1] {
            overrun.note(first);
            assert!(overrun.is_noted());
            let first = first.max(1);
            overrun.age(first.wrapping_add(MEMORY - 1));
            assert!(overrun.is_noted(), "forgotten too early");
            overrun.age(first.wrapping_add(MEMORY));
            assert!(!overrun.is_noted(), "remembered too long");
        }
    }
}
