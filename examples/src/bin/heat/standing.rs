//! Where a solution stands.

use std::fmt;

/// What a person is shown of it.
#[derive(Debug)]
pub struct Standing {
    /// Steps done.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// The time on the plate.
    pub time: f64,
    /// The largest error at the latest mark.
    pub error: f64,
    /// Steps a second, of late.
    pub rate: f64,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, steps, time, error, rate } = self;
        write!(f, "step {step}/{steps}, time {time:.4}, error {error:.2e}, {rate:.0} steps/s")
    }
}
