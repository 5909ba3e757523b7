//! The number of a publication.

use std::fmt;

/// The number of a publication of one field: creation is the first, so versions start at 1.
///
/// The default is older than anything. Versions of one field within one instance of a region can
/// be compared; across re-creation, or between fields, they mean nothing. They wrap after 2^64
/// publications, so "newer" is best asked as "other than the one I have".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version(u64);

impl Version {
    pub(crate) fn new(number: u64) -> Self {
        Self(number)
    }
}

impl From<Version> for u64 {
    fn from(version: Version) -> Self {
        version.0
    }
}

/// A number that was kept as one: in another language, or in a file.
///
/// ```
/// use shma_core::Version;
///
/// let kept = u64::from(Version::from(7));
/// assert_eq!((kept, Version::from(0)), (7, Version::default()));
/// ```
impl From<u64> for Version {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
