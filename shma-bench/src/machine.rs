//! What the numbers were measured on.

use std::fs;

use anyhow::Result;
use serde::Serialize;

use crate::pinning;

/// The machine and the day.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    pub date: String,
    pub processor: String,
    pub cores: usize,
    pub memory_gib: u64,
    pub kernel: String,
    pub version: String,
}

impl Machine {
    /// This one, now.
    pub fn here() -> Result<Self> {
        let about = rustix::system::uname();
        let memory = after(&fs::read_to_string("/proc/meminfo")?, "MemTotal");
        let memory: u64 = memory.trim_end_matches(" kB").parse().unwrap_or(0);
        Ok(Self {
            date: jiff::Zoned::now().strftime("%Y-%m-%d").to_string(),
            processor: after(&fs::read_to_string("/proc/cpuinfo")?, "model name"),
            cores: pinning::cores()?.len(),
            memory_gib: memory.div_ceil(1 << 20),
            kernel: about.release().to_string_lossy().into_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    /// A sentence.
    pub fn sentence(&self) -> String {
        let Self { date, processor, cores, memory_gib, kernel, .. } = self;
        format!("{date}, {processor}, {cores} cores, {memory_gib} GiB, Linux {kernel}")
    }
}

/// What stands behind a name and a colon.
fn after(text: &str, name: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
}
