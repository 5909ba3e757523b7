//! Which numbers of users are true.

use std::path::Path;

use super::read_text;

/// Whether this user number may be that of all users that the user namespace of this process does
/// not map.
pub(crate) fn may_be_unmapped(uid: u32) -> bool {
    uid == overflow_uid() && !maps_all()
}

/// The number that unmapped users have.
fn overflow_uid() -> u32 {
    let text = read_text("/proc/sys/kernel/overflowuid").ok();
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(65534)
}

/// Whether the user namespace maps every user, as the first one of a machine does. What cannot be
/// found out is taken for no.
fn maps_all() -> bool {
    match read_text("/proc/self/uid_map") {
        Ok(map) => mapped(&map) >= u64::from(u32::MAX),
        // A kernel without user namespaces has no such file.
        Err(_) => Path::new("/proc/self/status").exists(),
    }
}

/// How many users the lines of a map name: each ends in the length of its range, and no two overlap.
fn mapped(map: &str) -> u64 {
    let lengths =
        map.lines().filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok());
    lengths.sum()
}

#[cfg(test)]
mod tests {
    use super::mapped;

    #[test]
    fn only_a_whole_map_maps_all() {
        let all = u64::from(u32::MAX);
        assert_eq!(mapped("         0          0 4294967295\n"), all);
        assert_eq!(mapped("0 100000 65536\n65536 200000 4294901759\n"), all);
        assert_eq!(mapped("0 1000 1\n1 100000 65536\n"), 65537);
        assert_eq!(mapped(""), 0);
    }
}
