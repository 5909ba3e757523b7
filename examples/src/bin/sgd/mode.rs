//! The ways for processes to share a model, by name.

use std::fmt;

use clap::ValueEnum;

/// A way to share the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// A semaphore for each field: what is read of a field stood in it at one time.
    Locked,
    /// No semaphore: every number is an atomic of its own, and no worker waits for another.
    Hogwild,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Locked, Self::Hogwild];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Locked => "locked",
            Self::Hogwild => "hogwild",
        })
    }
}
