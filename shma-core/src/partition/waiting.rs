//! Waiting for publications.

use std::time::{Duration, Instant};

use super::Partition;
use crate::error::Error;
use crate::os;
use crate::protocol::notify::{self, Turn};
use crate::sync::spin;

/// Looks at the notify word before a waiter sleeps.
const WAIT_SPINS: u32 = 200;

/// The longest sleep before a waiter looks whether the region still has a name.
const WAIT_SLICE: Duration = Duration::from_millis(100);

/// How often a waiter looks that cannot set `SLEEPERS`: a reader, or a fork child.
const POLL: Duration = Duration::from_millis(1);

impl Partition {
    /// Waits until there is a publication other than `since`.
    pub(crate) fn wait_newer(&self, since: u64, timeout: Duration) -> Result<u64, Error> {
        self.wait(timeout, |turn| notify::wait_newer(self.slots(), since, turn))
    }

    /// Runs a wait of the protocol, which asks the closure that it gets what to do next.
    pub(super) fn wait(
        &self,
        timeout: Duration,
        wait: impl FnOnce(&mut dyn FnMut() -> Turn) -> Option<u64>,
    ) -> Result<u64, Error> {
        // A time-out beyond what the clock can say is none.
        let end = Instant::now().checked_add(timeout);
        let (mut spins, mut retired) = (WAIT_SPINS, false);
        let newer = wait(&mut || {
            // Spinning comes before the announcement, so that a publisher makes no system call
            // for a waiter that is awake.
            if spins > 0 {
                spins -= 1;
                spin();
                return Turn::Again;
            }
            retired = !self.region.is_linked();
            let left = end.map_or(WAIT_SLICE, |end| end.saturating_duration_since(Instant::now()));
            if retired || left.is_zero() {
                return Turn::End;
            }
            // A fork child's mapping cannot be written.
            if self.writable && !self.region.is_forked() {
                return Turn::Sleep(left.min(WAIT_SLICE));
            }
            os::pause(left.min(POLL));
            Turn::Again
        });
        match newer {
            Some(version) => Ok(version),
            None if retired => Err(Error::Retired { place: self.place() }),
            None => Err(Error::Timeout {
                place: self.place(),
                what: "waiting for a publication",
                waited: timeout,
                holder: None,
            }),
        }
    }
}
