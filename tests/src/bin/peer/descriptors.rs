//! A process that has no standard input, so that its next file gets descriptor 0.
//!
//! `unsafe` here: closing what the standard library takes for granted, and a limit.

use rustix::process::{Resource, Rlimit, setrlimit};
use shma_core::{Error, ShmState};
use shma_tests::region::files;
use shma_tests::states::Board;

use crate::say;

/// Creates a region and leaves it, and fails to create another; in a `/dev/shm` of its own.
pub fn without_input(name: &str) {
    if let Err(error) = shma_tests::namespace::mount_small("1m", "100") {
        return say(&format!("not permitted: {error}"));
    }
    // SAFETY: nothing of this program reads its input any more.
    assert_eq!(unsafe { libc::close(0) }, 0);
    let board = Board::create(name, &Board::with(7)).unwrap();
    say(&format!("created, {} files open", open_files()));
    drop(board);
    say(&format!("left, {} files open", open_files()));

    // SAFETY: sets how a signal is handled, which is to ignore it.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    setrlimit(Resource::Fsize, Rlimit { current: Some(4096), maximum: None }).unwrap();
    let Err(Error::Io { .. }) = Board::create(name, &Board::with(7)) else {
        panic!("there is room")
    };
    say(&format!("failed, {} files open, {} there", open_files(), files().len()));
}

/// How many descriptors lead to files of this directory.
fn open_files() -> usize {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let links = descriptors.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    links.filter(|link| link.starts_with("/dev/shm")).count()
}
