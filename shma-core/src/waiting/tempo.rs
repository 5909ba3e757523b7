//! When the waiting thread looks at names, and when it ends.

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::partition::{FieldMemory, WAIT_SLICE};
use crate::protocol::notify::Turn;
use crate::protocol::wait_list::Tempo;

/// How long the thread stays when there is nothing to wait for: a program that waits for one publication
/// after the other needs it again at once.
const IDLE: Duration = Duration::from_secs(1);

/// The clock of the waiting thread.
#[derive(Debug)]
pub(super) struct Clock {
    next_look: Instant,
    /// Whether this pass looks whether regions still have their names.
    looks: bool,
    /// Since when there has been nothing to wait for.
    idle_since: Option<Instant>,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { next_look: Instant::now(), looks: false, idle_since: None }
    }
}

impl Tempo<FieldMemory> for Clock {
    fn begin(&mut self) {
        let now = Instant::now();
        self.looks = now >= self.next_look;
        if self.looks {
            self.next_look = now + WAIT_SLICE;
        }
    }

    fn is_over(&mut self, field: &FieldMemory, is_hinted: bool) -> bool {
        (self.looks || is_hinted || field.is_said_retired()) && field.is_retired()
    }

    fn wake(&mut self, waker: Waker) {
        // The panic of one executor must not end the waits of the others.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            // To drop it could panic once more.
            let _kept = ManuallyDrop::new(panic);
        }
    }

    fn rest(&mut self, sources: usize) -> Turn {
        if sources > 0 {
            self.idle_since = None;
            return Turn::Sleep(self.next_look.saturating_duration_since(Instant::now()));
        }
        let now = Instant::now();
        let idle = now.saturating_duration_since(*self.idle_since.get_or_insert(now));
        match IDLE.checked_sub(idle) {
            None | Some(Duration::ZERO) => Turn::End,
            Some(left) => Turn::Sleep(left),
        }
    }
}
