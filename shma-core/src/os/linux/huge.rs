//! How much of a mapping is in huge pages.

use super::{Mapping, read_text};

/// How many bytes of a mapping are in huge pages; `None` where the kernel does not say.
pub(crate) fn huge_bytes(mapping: &Mapping) -> Option<u64> {
    mapping.touch();
    let maps = read_text("/proc/self/smaps").ok()?;
    let start = format!("{:x}-", mapping.as_mut_ptr().addr());
    let mut lines = maps.lines().skip_while(|line| !line.starts_with(&start)).skip(1);
    // Up to the next mapping, whose line has no colon behind its first word.
    let own =
        lines.by_ref().map_while(|line| line.split_once(':').filter(|(key, _)| !key.contains(' ')));
    let huge = own.filter(|(key, _)| matches!(*key, "ShmemPmdMapped" | "FilePmdMapped"));
    let kilobytes = huge.map(|(_, size)| size.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Some(kilobytes.sum::<Option<u64>>()? << 10)
}
