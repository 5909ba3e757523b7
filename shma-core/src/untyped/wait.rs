//! How long a call waits for a semaphore.

use std::time::Duration;

use crate::protocol::semaphore;

/// How long a call waits for the holder of a semaphore. A dead holder is replaced in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Not at all: a semaphore that is taken is [`Error::WouldBlock`](crate::Error::WouldBlock).
    No,
    /// For this time: then it is [`Error::Timeout`](crate::Error::Timeout).
    AtMost(Duration),
    /// As long as it takes.
    Forever,
}

impl From<Wait> for semaphore::Wait {
    fn from(wait: Wait) -> Self {
        match wait {
            Wait::No => Self::No,
            Wait::AtMost(time) => Self::at_most(time),
            Wait::Forever => Self::Forever,
        }
    }
}
