//! What a bridge is told to do.

use std::path::PathBuf;
use std::time::Duration;

use crate::rules::Words;

/// Bytes that go in one call of the engine. MPI counts them in 31 bits.
pub const PART: usize = 1 << 30;

/// What a bridge does.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The region; `{rank}` stands for the number of the node.
    pub name: String,
    /// Where it lies; `None` is the usual directory.
    pub dir: Option<PathBuf>,
    /// What is mirrored.
    pub rules: Words,
    /// Between two means.
    pub every: Duration,
    /// How long a region that is not there yet is waited for.
    pub wait: Duration,
    /// Bytes that go in one call of the engine.
    pub part: usize,
}

impl Settings {
    /// A mean every 10 ms, a wait of at most 30 s, and no rule yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            dir: None,
            rules: Words::default(),
            every: Duration::from_millis(10),
            wait: Duration::from_secs(30),
            part: PART,
        }
    }
}
