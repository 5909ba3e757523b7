//! Which publication is the newest, how old it is, and waits for the next one.

use std::time::Duration;

use super::Field;
use super::version::Version;
use crate::error::Error;
use crate::manifest::element::Element;
use crate::region::access::Access;

impl<T: Element, A: Access> Field<T, A> {
    /// The number of publications so far.
    #[inline]
    pub fn version(&self) -> Version {
        Version::new(self.partition.version())
    }

    /// Sleeps until there is a publication other than `since`, and returns its number, or that of
    /// a later one.
    ///
    /// A read-write handle is woken by the publication; a read-only handle looks once every
    /// millisecond.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`]; [`Error::Retired`] if the region has no name any more and there is
    /// nothing newer in it.
    ///
    /// # Blocking
    ///
    /// At most `timeout`.
    pub fn wait_newer(&self, since: Version, timeout: Duration) -> Result<Version, Error> {
        self.partition.wait_newer(since.into(), timeout).map(Version::new)
    }

    /// Time since the latest publication, on the monotonic clock of this machine. It is exact to
    /// the kernel's tick, a few milliseconds; for an `#[shm(timed)]` field, to the microsecond.
    pub fn age(&self) -> Duration {
        self.partition.age()
    }
}
