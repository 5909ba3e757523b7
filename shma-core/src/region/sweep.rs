//! When a creation looks for what others have left.
//!
//! To find it takes a look at every name in the directory, beside 10,000 regions a millisecond: several
//! times as long as all the rest of a creation. So a process that has looked through many names lets
//! some time pass before it does so again, and spends at most a few percent of it with looking. The
//! first creation of each process looks, and so does one that lacks memory.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::Directory;
use super::dead::{self, Looked};

/// Names that every creation looks through.
const FEW: usize = 256;

/// How long a process rests for each name: some fifty times as long as it takes to look at one.
const REST: Duration = Duration::from_micros(5);

/// Directories that this process has looked through, and until when it does not do so again.
static RESTING: Mutex<Vec<(PathBuf, Instant)>> = Mutex::new(Vec::new());

/// Removes from a directory what creators of this user left that died before the region had its name.
/// Returns whether there was anything.
pub(super) fn now(directory: &Directory, end: Instant) -> bool {
    let Looked { names, removed } = dead::sweep(directory, end);
    if names > FEW {
        let rest = REST.saturating_mul(u32::try_from(names).unwrap_or(u32::MAX));
        // Not waited for: a fork child may have inherited it locked, and looks once too often then.
        if let Ok(mut resting) = RESTING.try_lock() {
            resting.push((directory.path().to_owned(), Instant::now() + rest));
        }
    }
    removed > 0
}

/// The same, unless this process has lately looked through many names there.
pub(super) fn if_due(directory: &Directory, end: Instant) {
    if !rests(directory) {
        now(directory, end);
    }
}

fn rests(directory: &Directory) -> bool {
    // As above.
    let Ok(mut resting) = RESTING.try_lock() else { return false };
    let present = Instant::now();
    resting.retain(|(_, until)| *until > present);
    resting.iter().any(|(path, _)| path == directory.path())
}
