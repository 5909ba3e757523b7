//! What a handle remembers of reads that publications overtook. A hint: nothing depends on it but
//! speed.

use std::sync::atomic::{AtomicU64, Ordering};

/// Publications until it is forgotten. Not reads: those would have to be counted, in a word that all
/// threads which share the handle fight over.
const MEMORY: u64 = 4096;

/// About which publication overtook a read lately; 0 if none did.
#[derive(Debug, Default)]
pub(crate) struct ContentionHint(AtomicU64);

/// Another handle remembers nothing yet.
impl Clone for ContentionHint {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl ContentionHint {
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
    use super::{ContentionHint, MEMORY};

    #[test]
    fn it_is_forgotten_after_so_many_publications() {
        let hint = ContentionHint::default();
        assert!(!hint.is_noted());
        // Also at the number that would say "none".
        for first in [0, 1, 7, u64::MAX - 1] {
            hint.note(first);
            assert!(hint.is_noted());
            let first = first.max(1);
            hint.age(first.wrapping_add(MEMORY - 1));
            assert!(hint.is_noted(), "forgotten too early");
            hint.age(first.wrapping_add(MEMORY));
            assert!(!hint.is_noted(), "remembered too long");
        }
    }
}
