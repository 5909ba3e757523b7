//! Keeping a process on one core.

use anyhow::{Context, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores that this process may use.
pub fn cores() -> Result<Vec<usize>> {
    let allowed = sched_getaffinity(None).context("the cores of this process")?;
    Ok((0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect())
}

/// Keeps the calling thread on the core of its rank; there may be more ranks than cores.
pub fn pin(rank: usize) -> Result<()> {
    let cores = cores()?;
    let mut only = CpuSet::new();
    only.set(cores[rank % cores.len()]);
    sched_setaffinity(None, &only).context("keeping a process on a core")
}
