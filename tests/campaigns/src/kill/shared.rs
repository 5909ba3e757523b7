//! What the members of a storm tell each other past the library, and what survives them.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::kill::target::LENGTHS;
use crate::shared_words::shared_words;

/// Those that are spared.
#[derive(Debug, Clone, Copy)]
pub enum Witness {
    Writer,
    Reader,
}

/// Words that all processes of a storm share.
#[derive(Debug, Clone, Copy)]
pub struct Shared(&'static [AtomicU64]);

// Where things stand.
const STOP: usize = 0;
const GAP: usize = 1;
const CHECKED: usize = 2;
const LONGEST: usize = 3;
/// When the call began that a witness is in, or 0.
const BEGAN: usize = 4;
const ACKNOWLEDGED: usize = 6;
const FLOORS: usize = ACKNOWLEDGED + 5;
const WORDS: usize = FLOORS + LENGTHS[0] + LENGTHS[1] + LENGTHS[2];

// SeqCst throughout: this is the measure, and is not to add to the orders that are measured by a
// mistake of its own.
const ORDER: Ordering = Ordering::SeqCst;

impl Shared {
    pub fn new() -> Self {
        Self(shared_words(WORDS))
    }

    /// Asks all to come to an end.
    pub fn stop(&self) {
        self.0[STOP].store(1, ORDER);
    }

    pub fn stopped(&self) -> bool {
        self.0[STOP].load(ORDER) != 0
    }

    /// A call that published to a field has returned.
    pub fn acknowledge(&self, field: usize) {
        self.0[ACKNOWLEDGED + field].fetch_add(1, ORDER);
    }

    /// The calls that published to each field and have returned.
    pub fn acknowledged(&self) -> [u64; 5] {
        std::array::from_fn(|field| self.0[ACKNOWLEDGED + field].load(ORDER))
    }

    /// For each element of one of the stamped fields the last publication that is known to have
    /// changed it.
    pub fn floors(&self, field: usize, range: Range<usize>) -> Vec<u64> {
        self.floor(field)[range].iter().map(|word| word.load(ORDER)).collect()
    }

    /// A publication that changed a range of a stamped field is known to all.
    pub fn raise(&self, field: usize, range: Range<usize>, version: u64) {
        for word in &self.floor(field)[range] {
            word.fetch_max(version, ORDER);
        }
    }

    fn floor(&self, field: usize) -> &'static [AtomicU64] {
        let before: usize = LENGTHS[..field].iter().sum();
        &self.0[FLOORS + before..][..LENGTHS[field]]
    }

    /// A value was read and found right.
    pub fn count_checked(&self) {
        self.0[CHECKED].fetch_add(1, ORDER);
    }

    pub fn checked(&self) -> u64 {
        self.0[CHECKED].load(ORDER)
    }

    /// The control was off its processor for so long.
    pub fn note_gap(&self, gap: Duration) {
        self.0[GAP].fetch_max(nanos(gap), ORDER);
    }

    /// The longest that the control was off its processor.
    pub fn gap(&self) -> Duration {
        Duration::from_nanos(self.0[GAP].load(ORDER))
    }

    /// A witness begins a call.
    pub fn begin(&self, witness: Witness, now: Duration) {
        self.0[BEGAN + witness as usize].store(nanos(now), ORDER);
    }

    /// Its call has returned.
    pub fn end(&self, witness: Witness, now: Duration) {
        let began = self.0[BEGAN + witness as usize].swap(0, ORDER);
        self.0[LONGEST].fetch_max(nanos(now) - began, ORDER);
    }

    /// How long a witness has been in the call that it is in.
    pub fn waiting(&self, witness: Witness, now: Duration) -> Duration {
        match self.0[BEGAN + witness as usize].load(ORDER) {
            0 => Duration::ZERO,
            began => now.saturating_sub(Duration::from_nanos(began)),
        }
    }

    /// The longest that a witness's call took.
    pub fn longest_wait(&self) -> Duration {
        Duration::from_nanos(self.0[LONGEST].load(ORDER))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("some centuries")
}

/// The clock that all processes share.
pub fn now() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.try_into().expect("it counts from the machine's start")
}
