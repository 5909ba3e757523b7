//! Who is attached, as the kernel's lists show it.
//!
//! Locks of open file descriptions have no process. The kernel lists how many there are on the
//! region's file, and on which bytes. That tells how many attachments there are and which owner ids
//! live. Processes are found by their mappings, which a daemoniser that closes all descriptors
//! keeps, as it keeps the locks.

use std::collections::HashMap;
use std::path::Path;

use rustix::fs::{major, minor};

use super::view::View;
use crate::error::Error;
use crate::os;
use crate::region;
use crate::region::token;

/// The locks and mappings of all regions, looked at once for as many regions as there are.
#[derive(Debug)]
pub struct Census {
    locks: Option<Locks>,
    mappings: HashMap<FileKey, Vec<Process>>,
}

/// A file as the kernel's lists print it: major and minor number of the device, inode.
type FileKey = (u64, u64, u64);

/// The locks on each file, in order.
type Locks = HashMap<FileKey, Vec<Lock>>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Lock {
    writes: bool,
    first: i64,
    /// The last byte.
    last: i64,
}

/// Who is attached to a region.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Attached {
    /// Whether any process is: exact.
    pub any: bool,
    /// How many attachments there are, as far as the kernel lists locks here.
    pub attachments: Option<usize>,
    /// The owner ids of those attachments that may write.
    pub owners: Option<Vec<u32>>,
    /// Processes that have the region mapped, if this user may look at them.
    pub processes: Vec<Process>,
}

/// A process that has a region mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process {
    /// Its number in this PID namespace.
    pub pid: u32,
    /// The name of its program, as far as it can be shown.
    pub command: String,
    /// Whether it can write the region.
    pub writes: bool,
}

impl Census {
    /// Looks at the kernel's lists. The calling process is left out of the mappings.
    pub fn take() -> Self {
        Self { locks: locks(), mappings: mappings() }
    }

    /// Who is attached to a region.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the kernel does not say whether any process is attached; [`Error::Retired`] if the view
    /// can no longer ask.
    pub fn attached(&self, view: &View) -> Result<Attached, Error> {
        let (device, inode) = view.file();
        let key = (major(device).into(), minor(device).into(), inode);
        let any = view.is_attached()?;
        let locks = self.locks.as_ref().map(|locks| locks.get(&key).map_or(&[][..], Vec::as_slice));
        let counts = |lock: &&Lock| !lock.writes && lock.covers(region::ATTACHED);
        let owner = |lock: &Lock| lock.writes.then(|| token::owner_of_byte(lock.first)).flatten();
        Ok(Attached {
            any,
            attachments: locks.map(|locks| locks.iter().filter(counts).count()),
            owners: locks.map(|locks| locks.iter().filter_map(owner).collect()),
            processes: self.mappings.get(&key).cloned().unwrap_or_default(),
        })
    }
}

impl Lock {
    fn covers(&self, byte: i64) -> bool {
        (self.first..=self.last).contains(&byte)
    }
}

/// The kernel gives its list a page at a time, and what is locked and unlocked between two pages makes
/// it repeat a line or leave one out. What two of three looks agree on is believed.
fn locks() -> Option<Locks> {
    let look = || {
        let text = os::read("/proc/locks".as_ref()).ok()?;
        Some(locks_of(&String::from_utf8_lossy(&text)))
    };
    let (first, second, mut third) = (look()?, look()?, look()?);
    for (file, locks) in first {
        if second.get(&file) == Some(&locks) {
            third.insert(file, locks);
        }
    }
    Some(third)
}

/// Reads lines like `7: OFDLCK ADVISORY  READ  -1 00:1a:42 1099511627775 1099511627775`. What has
/// another form is no lock of ours.
fn locks_of(text: &str) -> Locks {
    let mut locks = Locks::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "OFDLCK", _, kind, _, file, first, last] = words[..] else { continue };
        let Some(key) = key_of(file) else { continue };
        let last = if last == "EOF" { Ok(i64::MAX) } else { last.parse() };
        if let (Ok(first), Ok(last)) = (first.parse(), last) {
            locks.entry(key).or_default().push(Lock { writes: kind == "WRITE", first, last });
        }
    }
    locks.values_mut().for_each(|locks| locks.sort_unstable());
    locks
}

/// `major:minor:inode`, the first two in hexadecimal.
fn key_of(file: &str) -> Option<FileKey> {
    let mut parts = file.split(':');
    let mut hex = || u64::from_str_radix(parts.next()?, 16).ok();
    let (major, minor) = (hex()?, hex()?);
    Some((major, minor, parts.next()?.parse().ok()?))
}

fn mappings() -> HashMap<FileKey, Vec<Process>> {
    let mut mappings: HashMap<FileKey, Vec<Process>> = HashMap::new();
    let proc = Path::new("/proc");
    for name in os::names_in(proc).unwrap_or_default() {
        let pid = name.to_str().and_then(|name| name.parse::<u32>().ok());
        let Some(pid) = pid.filter(|pid| *pid != std::process::id()) else { continue };
        // The process is another user's, or gone.
        let Ok(maps) = os::read(&proc.join(&name).join("maps")) else { continue };
        for (key, writes) in shared_files(&String::from_utf8_lossy(&maps)) {
            let command = command_of(&proc.join(&name));
            mappings.entry(key).or_default().push(Process { pid, command, writes });
        }
    }
    for processes in mappings.values_mut() {
        processes.sort_unstable_by_key(|process| process.pid);
    }
    mappings
}

/// What a process is called. An interpreter of Python says nothing by its own name, so its script is added.
fn command_of(process: &Path) -> String {
    let text = |file| {
        let text = os::read(&process.join(file)).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    };
    let mut command = text("comm").trim_end().to_owned();
    if command.starts_with("python")
        && let Some(script) = script_under(process, GENERATIONS)
    {
        command = format!("{command} {script}");
    }
    command.escape_debug().to_string()
}

/// From a child of multiprocessing up to the process whose script it is there may be a fork server.
const GENERATIONS: usize = 3;

/// The script that an interpreter of Python runs. A child of multiprocessing runs a text of that module,
/// and its parent the script.
fn script_under(process: &Path, generations: usize) -> Option<String> {
    let arguments = os::read(&process.join("cmdline")).ok()?;
    let arguments = String::from_utf8_lossy(&arguments);
    let script = script_of(&arguments);
    if script.is_some() || generations == 1 || !arguments.contains("from multiprocessing.") {
        return script;
    }
    let stat = os::read(&process.join("stat")).ok()?;
    let parent = parent_of(&String::from_utf8_lossy(&stat))?;
    script_under(&process.with_file_name(parent.to_string()), generations - 1)
}

/// The parent, from the line in which the kernel tells of a process. The name in parentheses may hold
/// anything.
fn parent_of(stat: &str) -> Option<u32> {
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// The script, or the module, that an interpreter of Python runs, from its arguments, which end in zeros.
fn script_of(arguments: &str) -> Option<String> {
    let mut arguments = arguments.split('\0').skip(1);
    loop {
        let argument = arguments.next().filter(|argument| !argument.is_empty())?;
        match argument.strip_prefix('-') {
            None => return argument.rsplit('/').next().map(str::to_owned),
            // Options that take the next argument.
            Some("W" | "X" | "-check-hash-based-pycs") => drop(arguments.next()),
            Some("") => return None,
            Some(long) if long.starts_with(['-', 'W', 'X']) => {}
            // Of letters the last may be one that ends the options: `-um module`, `-c text`.
            Some(letters) if letters.ends_with('m') => return arguments.next().map(str::to_owned),
            Some(letters) if letters.contains(['c', 'm']) => return None,
            Some(_) => {}
        }
    }
}

/// The files that a process has mapped to share, and whether it can write each, from lines like
/// `7f30c6e00000-7f30c6e02000 rw-s 00000000 00:1a 42   /dev/shm/shma.trainer`.
fn shared_files(maps: &str) -> HashMap<FileKey, bool> {
    let mut files = HashMap::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace().skip(1);
        let (Some(rights), _, Some(device), Some(inode)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        if !rights.ends_with('s') {
            continue;
        }
        if let Some(key) = key_of(&format!("{device}:{inode}")) {
            *files.entry(key).or_default() |= rights.contains('w');
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::{parent_of, script_of};

    #[test]
    fn a_parent_is_found_behind_any_name() {
        assert_eq!(parent_of("12 (python3) S 11 12 12 0 -1"), Some(11));
        assert_eq!(parent_of("12 (a) R 3 (b) ) Z 11 12 12 0 -1"), Some(11));
        assert_eq!(parent_of("12 (python3"), None);
        assert_eq!(parent_of(""), None);
    }

    #[test]
    fn a_python_process_is_known_by_its_script() {
        for (arguments, script) in [
            ("python3\0train.py\0--steps\0nine\0", Some("train.py")),
            ("/usr/bin/python3\0-u\0-W\0error\0-Xdev\0/home/me/train.py\0", Some("train.py")),
            ("python3\0-um\0rl.actor\0-x\0", Some("rl.actor")),
            ("python3\0-c\0import shma\0", None),
            ("python3\0-\0", None),
            ("python3\0", None),
            ("", None),
        ] {
            assert_eq!(script_of(arguments).as_deref(), script, "{arguments:?}");
        }
    }
}
