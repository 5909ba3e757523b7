//! The ways for processes to share a model, by name.

use std::fmt;

use clap::ValueEnum;

/// A way to share the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// A semaphore for each field: what is read of a field stood in it at one time.
    Locked,
    /// No semaphore and no wait: every number is an atomic of its own. What two workers add to one at
    /// the same instant may be lost.
    Hogwild,
    /// As hogwild, but each number is added to by compare-exchange, and nothing is lost.
    Exact,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Locked, Self::Hogwild, Self::Exact];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Locked => "locked",
            Self::Hogwild => "hogwild",
            Self::Exact => "exact",
        })
    }
}
