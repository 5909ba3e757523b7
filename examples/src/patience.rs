//! How long a leader looks on while nothing happens.

use anyhow::{Result, ensure};

/// After so many looks at work that does not go on something hangs. Looks and not time, so that a
/// program may be stopped and continued. With the rhythm in which a
/// leader looks at its crew it is about 40 s.
const LOOKS: u32 = 20_000;

/// Looks at a number that grows while work goes on.
#[derive(Debug, Default)]
pub struct Patience {
    seen: u64,
    looks: u32,
}

impl Patience {
    /// Looks once.
    ///
    /// # Errors
    ///
    /// The number has been the same for too many looks.
    pub fn look(&mut self, grown: u64) -> Result<()> {
        self.looks = if grown == self.seen { self.looks + 1 } else { 0 };
        self.seen = grown;
        ensure!(self.looks < LOOKS, "no worker has got on with its work for a long time");
        Ok(())
    }
}
