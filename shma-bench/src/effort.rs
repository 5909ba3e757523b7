//! How much time is spent on a case.

use std::time::Duration;

/// The largest value that all rounds are measured with; larger ones take fewer.
const LARGE: u64 = 64 << 20;

/// Rounds and times.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    hasty: bool,
}

impl Effort {
    /// A first look, or the whole.
    pub fn new(hasty: bool) -> Self {
        Self { hasty }
    }

    /// Whether it is a first look.
    pub fn is_hasty(self) -> bool {
        self.hasty
    }

    /// How often every peer has its turn, with values of so many bytes.
    pub fn rounds(self, bytes: u64) -> usize {
        match (self.hasty, bytes > LARGE) {
            (true, _) => 7,
            (false, false) => 31,
            (false, true) => 9,
        }
    }

    /// What a turn takes at least.
    pub fn turn(self) -> Duration {
        Duration::from_micros(if self.hasty { 1_000 } else { 4_000 })
    }

    /// What a turn of several processes takes.
    pub fn window(self) -> Duration {
        Duration::from_millis(if self.hasty { 15 } else { 60 })
    }

    /// Messages of a turn of a question about latency.
    pub fn messages(self) -> u64 {
        if self.hasty { 150 } else { 500 }
    }

    /// Sizes of values, from those of a whole curve.
    pub fn sizes(self, hasty: &[u64], whole: &[u64]) -> Vec<u64> {
        if self.hasty { hasty.to_vec() } else { whole.to_vec() }
    }
}
