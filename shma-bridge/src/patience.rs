//! How a bridge passes the time between two looks.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

/// So long after the last value has moved the bridge gives up the processor, and looks again at once.
const AWAKE: Duration = Duration::from_millis(2);
/// So long after it the bridge sleeps briefly.
const DROWSY: Duration = Duration::from_secs(2);

/// When the last value moved.
#[derive(Debug)]
pub(crate) struct Patience {
    moved: Cell<Instant>,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { moved: Cell::new(Instant::now()) }
    }

    pub(crate) fn moved(&self) {
        self.moved.set(Instant::now());
    }

    /// How long the bridge may sleep now; `None`: it looks again at once.
    pub(crate) fn sleep(&self) -> Option<Duration> {
        match self.moved.get().elapsed() {
            idle if idle < AWAKE => None,
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
