//! Waiting for publications.

use std::time::{Duration, Instant};

use super::Partition;
use crate::error::Error;
use crate::os;
use crate::protocol::notify::{self, Source, Turn};
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
        self.wait(&self.slots(), since, timeout)
    }

    /// Waits until a call is counted that `since` does not count.
    pub(crate) fn wait_for_call(&self, since: u64, timeout: Duration) -> Result<u64, Error> {
        self.wait(&self.call_counters(), since, timeout)
    }

    fn wait(&self, source: &impl Source, since: u64, timeout: Duration) -> Result<u64, Error> {
        // A time-out beyond what the clock can say is none.
        let end = Instant::now().checked_add(timeout);
        let (mut spins, mut retired) = (WAIT_SPINS, false);
        let newer = notify::wait_newer(source, since, || {
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
