//! Files of regions that have no name yet.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::process::Pid;

use crate::region::directory;

/// A file that a creator might have made, and none has.
pub fn path() -> PathBuf {
    let mut random = [0; 16];
    File::open("/dev/urandom").unwrap().read_exact(&mut random).unwrap();
    directory().join(format!("shma-tmp.{:032x}", u128::from_ne_bytes(random)))
}

/// Those that a process, which is stopped, is making.
pub fn of(process: Pid) -> Vec<PathBuf> {
    let open = fs::read_dir(format!("/proc/{}/fd", process.as_raw_nonzero()));
    let files = open.into_iter().flatten().flatten();
    let files = files.filter_map(|descriptor| fs::read_link(descriptor.path()).ok());
    files.filter(|file| file.to_string_lossy().contains("/shma-tmp.")).collect()
}

/// Makes a file look as if it had not been touched for an hour.
///
/// # Errors
///
/// If it cannot be opened, or is another user's.
pub fn backdate(path: &Path) -> io::Result<()> {
    let then = SystemTime::now() - Duration::from_secs(3600);
    File::options().write(true).open(path)?.set_modified(then)
}
