//! The main campaigns on other file systems than that of `/dev/shm`: on the disk that the tests are built on,
//! and on a tmpfs that is mounted for them.

use std::thread;

use shma_campaigns::passes_in;
use shma_tests::place::{Place, on_a_tmpfs, on_disk};

const CAMPAIGN: &str = env!("CARGO_BIN_EXE_campaign");
const TARGET: &str = env!("CARGO_TARGET_TMPDIR");

/// Few of each: what a file system may do otherwise, it does at once.
fn campaigns(place: &Place) {
    for (campaign, count) in
        [("kill", "60"), ("birth", "20"), ("tear", "20000"), ("history", "5000")]
    {
        passes_in(CAMPAIGN, place.path(), campaign, count);
        assert_eq!(place.files(), [""; 0], "{campaign}");
    }
}

/// Locks, mappings and their ends are the file system's.
#[test]
fn main_campaigns_pass_on_a_disk() {
    on_disk(TARGET, campaigns);
}

#[test]
fn main_campaigns_pass_on_a_mounted_tmpfs() {
    // The mount is seen by the thread, and ends with it.
    let thread = thread::spawn(|| on_a_tmpfs(TARGET, "64m", campaigns));
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}
