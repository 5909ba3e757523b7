//! How a bridge passes the time.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

/// So long after the last value has moved, or as long as it moved, the bridge gives up the processor and
/// looks again at once.
const AWAKE: Duration = Duration::from_millis(2);
/// So long after it the bridge sleeps briefly.
const DROWSY: Duration = Duration::from_secs(2);

/// Longer than any bridge runs.
const AGES: Duration = Duration::from_secs(1 << 32);

/// The moment after so much time, or ages from now, if there is none.
pub(crate) fn after(time: Duration) -> Instant {
    Instant::now() + time.min(AGES)
}

/// When the last value moved, and for how long.
#[derive(Debug)]
pub(crate) struct Patience {
    moved: Cell<Instant>,
    took: Cell<Duration>,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { moved: Cell::new(Instant::now()), took: Cell::new(Duration::ZERO) }
    }

    /// A value is going to move. Until it has, the bridge is awake for as long as after it.
    pub(crate) fn moves(&self) -> Instant {
        self.moved.set(Instant::now());
        self.moved.get()
    }

    /// One has moved since then.
    pub(crate) fn moved(&self, since: Instant) {
        self.moved.set(Instant::now());
        self.took.set(since.elapsed());
    }

    /// How long the bridge may sleep now; `None`: it looks again at once.
    pub(crate) fn sleep(&self) -> Option<Duration> {
        match self.moved.get().elapsed() {
            idle if idle < AWAKE.max(self.took.get()) => None,
            idle if idle < DROWSY => Some(Duration::from_micros(500)),
            _ => Some(Duration::from_millis(2)),
        }
    }

    /// Waits for other nodes, for a fifth of what it may sleep.
    pub(crate) fn pause(&self) {
        match self.sleep() {
            None => thread::yield_now(),
            Some(time) => thread::sleep(time / 5),
        }
    }
}
