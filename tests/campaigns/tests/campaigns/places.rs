//! The main campaigns on other file systems than that of `/dev/shm`: on the disk that the tests are built on,
//! and on a tmpfs that is mounted for them.

use std::thread;

use shma_campaigns::passes_in;
use shma_core::ShmState;
use shma_tests::place::{Place, on_a_tmpfs, on_disk};
use shma_tests::states::Board;
use shma_tests::unfinished;

const CAMPAIGN: &str = env!("CARGO_BIN_EXE_campaign");
const TARGET: &str = env!("CARGO_TARGET_TMPDIR");

/// Few of each: what a file system may do otherwise, it does at once.
fn campaigns(place: &Place) {
    for (campaign, count) in
        [("kill", "60"), ("birth", "20"), ("tear", "20000"), ("history", "5000")]
    {
        passes_in(CAMPAIGN, place.path(), campaign, count);
        sweep(place);
        assert_eq!(place.files(), [""; 0], "{campaign}");
    }
}

/// A creator that was killed between making its file and opening it leaves one byte that no descriptor
/// leads to, so no campaign knows of it. The next creation removes it once it is old.
fn sweep(place: &Place) {
    for file in place.files() {
        unfinished::backdate(&place.path().join(file)).unwrap();
    }
    drop(Board::options().dir(place.path()).create("sweeper", &Board::zeroed()).unwrap());
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
