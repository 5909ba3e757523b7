//! What of the machine stands in the way of regions.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use shma_core::{Error, inspect};

use super::Finding;
use crate::directory;
use crate::units;

/// Magic number of tmpfs, of statfs(2).
const TMPFS: u64 = 0x0102_1994;

/// Where limits of a container stand, and what it uses.
const LIMITS: [[&str; 2]; 2] = [
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"],
    ["/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"],
];

pub fn look(findings: &mut Vec<Finding>) -> Result<(), Error> {
    let place = &directory::shown(directory::path());
    abandoned(findings, place)?;
    space(findings, place);
    stickiness(findings, place);
    container(findings);
    if directory::is_usual() {
        remove_ipc(findings);
    }
    Ok(())
}

fn abandoned(findings: &mut Vec<Finding>, place: &str) -> Result<(), Error> {
    let abandoned = inspect::abandoned_in(directory::path())?;
    if !abandoned.is_empty() {
        let bytes = units::bytes(abandoned.iter().map(inspect::Abandoned::bytes).sum());
        let (count, s) = (abandoned.len(), if abandoned.len() == 1 { "" } else { "s" });
        let what = format!(
            "{bytes} are taken by {count} creation{s} that died before the region had its name"
        );
        let command = directory::command();
        let advice = format!(
            "the next creation of any region there by this user removes them, or `{command} clean`"
        );
        findings.push(Finding::problem(place, what, advice));
    }
    Ok(())
}

/// A user who may write to a directory that is not sticky may remove what is in it.
fn stickiness(findings: &mut Vec<Finding>, place: &str) {
    let Ok(meta) = fs::metadata(directory::path()) else { return };
    let mode = meta.permissions().mode();
    if mode & 0o022 == 0 || mode & 0o1000 != 0 {
        return;
    }
    let what =
        format!("its mode is {:04o}: other users may remove regions of this user", mode & 0o7777);
    let advice = format!("chmod +t {}", directory::word(directory::path()));
    findings.push(match directory::is_usual() {
        true => Finding::note(place, what, advice),
        false => Finding::problem(place, what + ", so none is created or opened", advice),
    });
}

fn space(findings: &mut Vec<Finding>, place: &str) {
    let path = directory::path();
    let Ok(stat) = rustix::fs::statvfs(path) else {
        let what = match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                "it does not exist".into()
            }
            Err(error) => format!("it cannot be looked at: {error}"),
            Ok(_) => "it cannot be looked at".into(),
        };
        let advice = match directory::is_usual() {
            true => {
                "regions lie there: mkdir -p /dev/shm; mount -t tmpfs tmpfs /dev/shm, or start the container or sandbox with one"
            }
            false => "regions were to lie there: create the directory, or name another one",
        };
        findings.push(Finding::problem(place, what, advice));
        return;
    };
    let (size, free) = (stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize);
    let on_disk = rustix::fs::statfs(path).is_ok_and(|stat| stat.f_type as u64 != TMPFS);
    if on_disk && directory::is_usual() {
        let what = "it is no tmpfs, so regions are written to a disk";
        findings.push(Finding::problem(place, what, "mount a tmpfs there"));
    }
    // A tenth of a disk is a lot.
    let little = if on_disk { size / 100 } else { size / 10 };
    if size > 0 && free < little {
        let (size, free) = (units::bytes(size), units::bytes(free));
        let what = format!("{free} of {size} are free");
        let (command, word) = (directory::command(), directory::word(path));
        let remove = format!("remove what is not needed (`{command} ls`, `{command} clean`)");
        let advice = match on_disk {
            true => remove,
            false => format!(
                "{remove}, or enlarge it: mount -o remount,size=.. {word}; in a container --shm-size"
            ),
        };
        findings.push(Finding::problem(place, what, advice));
    } else if size <= 64 << 20 && directory::is_usual() {
        let what = format!("it has {} in all, the default of containers", units::bytes(size));
        let advice = "larger regions cannot be created: start the container with --shm-size, or share that of the host with --ipc";
        findings.push(Finding::note(place, what, advice));
    }
}

/// Memory in `/dev/shm` counts for the control group that touched it first.
fn container(findings: &mut Vec<Finding>) {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    for [limit, used] in LIMITS {
        let (Some(limit), Some(used)) = (number(limit), number(used)) else { continue };
        if used > limit / 10 * 9 {
            let what = format!("{} of {} are used", units::bytes(used), units::bytes(limit));
            let advice = "regions count: a process that fills one may be killed for want of memory; raise the limit (in a container --memory)";
            findings.push(Finding::problem("memory limit", what, advice));
        }
    }
}

/// systemd removes what a user owns in `/dev/shm` when the user's last session ends.
fn remove_ipc(findings: &mut Vec<Finding>) {
    // System users are spared.
    let user = rustix::process::getuid().as_raw();
    if user < 1000 || !Path::new("/run/systemd/system").exists() {
        return;
    }
    let mut files = vec!["/etc/systemd/logind.conf".into()];
    for folder in ["/usr/lib/systemd/logind.conf.d", "/etc/systemd/logind.conf.d"] {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut inside: Vec<_> = entries.map(|entry| entry.path()).collect();
        inside.sort();
        files.extend(inside);
    }
    let texts = files.iter().filter_map(|path: &std::path::PathBuf| fs::read_to_string(path).ok());
    if removes_ipc(texts) {
        let what = "systemd removes your regions when your last session ends, unless you linger (RemoveIPC is not no)";
        let advice = "for programs that outlive it: loginctl enable-linger, run them as a system user, or set RemoveIPC=no in /etc/systemd/logind.conf";
        findings.push(Finding::note("systemd", what, advice));
    }
}

/// What the files say together, the last word counting. The default is yes.
fn removes_ipc(texts: impl Iterator<Item = String>) -> bool {
    let mut removes = true;
    for text in texts {
        for line in text.lines() {
            if let Some(value) = line.trim().strip_prefix("RemoveIPC=") {
                removes = !matches!(value.trim(), "no" | "false" | "off" | "0");
            }
        }
    }
    removes
}

/// Whether the process of this number in our PID namespace is stopped.
pub fn is_stopped(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // Behind the program's name in parentheses, which may hold anything.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['T', 't']))
}

#[cfg(test)]
mod tests {
    use super::removes_ipc;

    #[test]
    fn an_overridden_line_counts() {
        let texts = |texts: &[&str]| {
            removes_ipc(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>().into_iter())
        };
        assert!(texts(&[]) && texts(&["[Login]\n#RemoveIPC=no\n"]));
        assert!(!texts(&["[Login]\nRemoveIPC=no\n"]));
        assert!(texts(&["RemoveIPC=no", "RemoveIPC=yes"]));
        assert!(!texts(&["RemoveIPC=yes", "  RemoveIPC= off "]));
    }
}
