//! Waiting for publications.

use std::time::{Duration, Instant};

use super::Partition;
use crate::error::Error;
use crate::os;
use crate::protocol::notify::Notify;
use crate::protocol::semaphore::Semaphore;
use crate::sync::spin;

/// Looks at the notify word before a waiter sleeps.
const WAIT_SPINS: u32 = 200;

/// The longest sleep before a waiter looks whether the region still has a name.
const WAIT_SLICE: Duration = Duration::from_millis(100);

/// How often a waiter looks that cannot set `SLEEPERS`: a reader, or a fork child.
const POLL: Duration = Duration::from_millis(1);

/// How a wait for a publication ended.
enum Woken {
    Newer(u64),
    TimedOut,
    Retired,
}

impl Partition {
    /// Waits until there is a publication other than `since`.
    pub(crate) fn wait_newer(&self, since: u64, timeout: Duration) -> Result<u64, Error> {
        let found = || {
            // A publisher gives this word back before it looks for sleepers.
            Semaphore(&self.control().lock).meet();
            self.version() != since
        };
        self.wait(since, timeout, || self.version(), found)
    }

    /// Waits until `newest` is other than `since`. `found` looks once more, for what does not tell
    /// of itself in the notify word.
    pub(super) fn wait(
        &self,
        since: u64,
        timeout: Duration,
        newest: impl Fn() -> u64,
        found: impl Fn() -> bool,
    ) -> Result<u64, Error> {
        // A time-out beyond what the clock can say is none.
        let end = Instant::now().checked_add(timeout);
        let what = "waiting for a publication";
        match self.sleep_until_newer(since, end, newest, found) {
            Woken::Newer(version) => Ok(version),
            Woken::Retired => Err(Error::Retired { place: self.place() }),
            Woken::TimedOut => {
                Err(Error::Timeout { place: self.place(), what, waited: timeout, holder: None })
            }
        }
    }

    fn sleep_until_newer(
        &self,
        since: u64,
        end: Option<Instant>,
        newest: impl Fn() -> u64,
        found: impl Fn() -> bool,
    ) -> Woken {
        let notify = Notify(&self.control().notify);
        let mut spins = WAIT_SPINS;
        loop {
            // In this order: see `notify`.
            let seen = notify.look();
            let version = newest();
            if version != since {
                return Woken::Newer(version);
            }
            // Spinning comes before the announcement, so that a publisher makes no system call
            // for a waiter that is awake.
            if spins > 0 {
                spins -= 1;
                spin();
                continue;
            }
            if !self.region.is_linked() {
                return Woken::Retired;
            }
            let left = end.map_or(WAIT_SLICE, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Woken::TimedOut;
            }
            // A fork child's mapping cannot be written.
            if self.writable && !self.region.is_forked() {
                notify.sleep(seen, left.min(WAIT_SLICE), &found);
            } else {
                os::pause(left.min(POLL));
            }
        }
    }
}
