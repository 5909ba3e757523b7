//! Why a history is not linearizable.

use std::fmt;

use super::event::History;

/// What is wrong, and the calls that show it, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// Two calls published the same version of a field.
    PublishedTwice { field: usize, version: u64, calls: [String; 2] },
    /// A version was seen, or left out, that no call published.
    NeverPublished { field: usize, version: u64, call: String },
    /// A value is not what was published under its version.
    OtherValue { field: usize, version: u64, published: u64, call: String },
    /// Versions put the first call before the second, which had ended when the first began.
    AgainstTime { first: String, second: String },
    /// Versions put each of these calls before the next, and the last before the first.
    Cycle { calls: Vec<String> },
}

impl Flaw {
    pub(super) fn against_time(history: &History, first: usize, second: usize) -> Self {
        Self::AgainstTime { first: history.describe(first), second: history.describe(second) }
    }

    pub(super) fn cycle(history: &History, calls: &[usize]) -> Self {
        Self::Cycle { calls: calls.iter().map(|call| history.describe(*call)).collect() }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PublishedTwice { field, version, calls: [one, other] } => {
                write!(f, "version {version} of field {field} was published twice:\n{one}\n{other}")
            }
            Self::NeverPublished { field, version, call } => {
                write!(f, "no call published version {version} of field {field}:\n{call}")
            }
            Self::OtherValue { field, version, published, call } => write!(
                f,
                "version {version} of field {field} was published with checksum {published:016x}, and seen as another value:\n{call}"
            ),
            Self::AgainstTime { first, second } => write!(
                f,
                "versions put a call first, and another had ended before it began:\n{first}\nthe other:\n{second}"
            ),
            Self::Cycle { calls } => {
                write!(f, "versions put each of these calls before the next, in a circle:")?;
                calls.iter().try_for_each(|call| write!(f, "\n{call}"))
            }
        }
    }
}

impl std::error::Error for Flaw {}
