//! Waiting for publications.

use std::time::{Duration, Instant};

use super::Partition;
use crate::error::{Error, Place};
use crate::os;
use crate::protocol::notify::{self, Met, Notify, Source, Turn};
use crate::sync::spin;

/// How often the fields of a list are looked at, together, before a waiter sleeps.
const WAIT_SPINS: usize = 200;

/// The longest sleep before a waiter looks whether the region still has a name.
pub(crate) const WAIT_SLICE: Duration = Duration::from_millis(100);

impl Partition {
    /// Waits until there is a publication other than `since`, or a call that `since` does not count.
    pub(crate) fn wait_newer(&self, since: u64, timeout: Duration) -> Result<u64, Error> {
        wait_any(&[(self, since)], timeout).map(|(_, version)| version)
    }
}

impl Source for Partition {
    fn notify(&self) -> Notify<'_> {
        self.memory.notify()
    }

    fn newest(&self) -> u64 {
        self.memory.newest()
    }

    fn may_announce(&self) -> bool {
        self.memory.may_announce()
    }

    fn meet(&self) -> Met {
        self.memory.meet()
    }
}

/// Waits until one of the fields has a publication other than the one beside it. Returns its place in
/// the list, and the number of that publication.
pub(crate) fn wait_any(
    list: &[(&Partition, u64)],
    timeout: Duration,
) -> Result<(usize, u64), Error> {
    // A time-out beyond what the clock can say is none.
    let end = Instant::now().checked_add(timeout);
    let mut spins = WAIT_SPINS.checked_div(list.len()).unwrap_or(0);
    let (mut names, mut retired) = (Names::new(list), None);
    let newer = notify::wait_any(list, || {
        // Spinning comes before the announcement, so that a publisher makes no system call
        // for a waiter that is awake.
        if spins > 0 {
            spins -= 1;
            spin();
            return Turn::Again;
        }
        let now = Instant::now();
        retired = names.look(now);
        let left = end.map_or(WAIT_SLICE, |end| end.saturating_duration_since(now));
        if retired.is_some() || left.is_zero() {
            return Turn::End;
        }
        Turn::Sleep(left.min(WAIT_SLICE))
    });
    match (newer, retired) {
        (Some(newer), _) => Ok(newer),
        (None, Some(place)) => Err(Error::Retired { place }),
        (None, None) => Err(timed_out(list, timeout)),
    }
}

fn timed_out(list: &[(&Partition, u64)], waited: Duration) -> Error {
    let what = match list.len() {
        0 => "waiting for a publication in an empty list of fields",
        1 => "waiting for a publication",
        _ => "waiting for a publication there, or in another field of the list,",
    };
    let place = list.first().map_or_else(|| Place::new("", None), |(field, _)| field.place());
    Error::Timeout { place, what, waited, holder: None }
}

/// Looks whether the regions of a list still have their names.
struct Names<'a> {
    list: &'a [(&'a Partition, u64)],
    /// Whether a removal wakes the waiter. If not, it looks more often than the names need.
    is_woken: bool,
    next_look: Option<Instant>,
}

impl<'a> Names<'a> {
    fn new(list: &'a [(&'a Partition, u64)]) -> Self {
        let may_announce = |(field, _): &(&Partition, u64)| field.may_announce();
        let is_woken = list.len() <= os::most_words() && list.iter().all(may_announce);
        Self { list, is_woken, next_look: None }
    }

    /// The first field whose region has lost its name.
    fn look(&mut self, now: Instant) -> Option<Place> {
        let is_due = self.is_woken || self.next_look.is_none_or(|due| now >= due);
        if is_due {
            self.next_look = now.checked_add(WAIT_SLICE);
        }
        let mut known: Option<&Partition> = None;
        for (field, _) in self.list {
            // Most fields of a list are neighbours in one region.
            if known.is_some_and(|known| std::ptr::eq(&*known.region, &*field.region)) {
                continue;
            }
            known = Some(field);
            if (is_due || field.memory.is_said_retired()) && !field.region.is_linked() {
                return Some(field.place());
            }
        }
        None
    }
}
