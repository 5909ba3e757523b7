//! How much this process may still take: of memory, and in one file.
//!
//! `unsafe` here: asking for a limit. `rustix` panics where a sandbox refuses to answer.
#![allow(unsafe_code)]

use std::path::{Path, PathBuf};

use super::read_text;

/// How long a file this process may make. A call that would make a longer one also raises a signal,
/// SIGXFSZ, which ends the process.
pub(crate) fn file_size_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: u64::MAX, rlim_max: u64::MAX };
    // SAFETY: writes one `rlimit`, which `limit` is.
    match unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) } {
        0 => limit.rlim_cur,
        // What cannot be asked for is found out by the call that exceeds it.
        _ => u64::MAX,
    }
}

/// What sets the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemoryOf {
    Machine,
    ControlGroup,
}

/// Bytes that can still be taken, and what sets the limit. Files that are cached count as free. `None`
/// where the system does not tell.
pub(crate) fn free_memory() -> Option<(u64, MemoryOf)> {
    let text = read_text("/proc/meminfo").ok()?;
    let kilobytes = |key| value(&text, key).map(|number| number.saturating_mul(1024));
    let swap = kilobytes("SwapFree:").unwrap_or(0);
    let machine = kilobytes("MemAvailable:")?.saturating_add(swap);
    let group = groups().iter().filter_map(|group| group.free(swap)).min();
    Some(match group {
        Some(group) if group < machine => (group, MemoryOf::ControlGroup),
        _ => (machine, MemoryOf::Machine),
    })
}

/// The number behind a key, in a text of one pair a line.
fn value(text: &str, key: &str) -> Option<u64> {
    let words = text.lines().map(str::split_whitespace);
    words
        .into_iter()
        .find_map(|mut words| (words.next()? == key).then(|| words.next()?.parse().ok())?)
}

/// A control group, in the files of one of the two versions.
#[derive(Debug)]
struct Group {
    folder: PathBuf,
    files: &'static Files,
}

/// What the files of a control group are called.
#[derive(Debug)]
struct Files {
    limit: &'static str,
    used: &'static str,
    swap_limit: &'static str,
    swap_used: &'static str,
    /// Whether the limit of swap counts memory too.
    swap_counts_memory: bool,
    cached: [&'static str; 2],
}

const VERSION_1: Files = Files {
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    swap_limit: "memory.memsw.limit_in_bytes",
    swap_used: "memory.memsw.usage_in_bytes",
    swap_counts_memory: true,
    cached: ["total_inactive_file", "total_active_file"],
};

const VERSION_2: Files = Files {
    limit: "memory.max",
    used: "memory.current",
    swap_limit: "memory.swap.max",
    swap_used: "memory.swap.current",
    swap_counts_memory: false,
    cached: ["inactive_file", "active_file"],
};

/// The groups of this process, each with the groups that contain it. A container may see its own
/// group at the top, whatever its path is called.
fn groups() -> Vec<Group> {
    let text = read_text("/proc/self/cgroup").unwrap_or_default();
    let mut groups = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (top, files) = match controllers {
            "" => ("/sys/fs/cgroup", &VERSION_2),
            some if some.split(',').any(|name| name == "memory") => {
                ("/sys/fs/cgroup/memory", &VERSION_1)
            }
            _ => continue,
        };
        let path = Path::new(path.trim_start_matches('/'));
        let folders = path.ancestors().map(|path| Path::new(top).join(path));
        groups.extend(folders.map(|folder| Group { folder, files }));
    }
    groups
}

impl Group {
    /// Bytes that the group has left, with so much swap on the machine; `None` if it sets no limit.
    fn free(&self, swap: u64) -> Option<u64> {
        let number = |file| read_text(self.folder.join(file)).ok()?.trim().parse().ok();
        let left = |limit, used| Some(u64::saturating_sub(number(limit)?, number(used)?));
        let Files { limit, used, swap_limit, swap_used, .. } = *self.files;
        let memory = left(limit, used)?;
        let stat = read_text(self.folder.join("memory.stat")).unwrap_or_default();
        let cached = self.files.cached.iter().filter_map(|key| value(&stat, key)).sum();
        let memory = memory.saturating_add(cached);
        let with_swap = left(swap_limit, swap_used).unwrap_or(u64::MAX);
        Some(match self.files.swap_counts_memory {
            true => memory.saturating_add(swap).min(with_swap.saturating_add(cached)),
            false => memory.saturating_add(swap.min(with_swap)),
        })
    }
}
