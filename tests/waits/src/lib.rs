//! What the tests of waits share, and the other process that they talk to.

use std::fs;

use shma_core::{Shm, ShmState};
use shma_tests::region::Name;

/// Two ordinary fields and an atomic one.
#[derive(Debug, ShmState)]
pub struct Desk {
    pub count: u64,
    pub later: u64,
    #[shm(atomic)]
    pub calls: [u64; 2],
}

impl Desk {
    /// Where the partitions of its fields start.
    pub fn partitions() -> [usize; 3] {
        std::array::from_fn(|i| Self::MANIFEST.fields[i].offset)
    }
}

/// A new region.
pub fn create(hint: &str) -> (Name, Shm<Desk>) {
    let name = Name::new(hint);
    let desk = Desk::create(&name, &Desk::zeroed()).unwrap();
    (name, desk)
}

/// How often a thread of this process has gone to sleep.
pub fn sleeps(thread: u32) -> u64 {
    status(thread, "voluntary_ctxt_switches:").parse().unwrap()
}

/// The signals that a thread of this process has blocked, a bit each.
pub fn blocked_signals(thread: u32) -> u64 {
    u64::from_str_radix(&status(thread, "SigBlk:"), 16).unwrap()
}

fn status(thread: u32, key: &str) -> String {
    let status = fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim().to_owned()
}

/// The thread of this process that waits for all futures, if there is one.
pub fn waiting_thread() -> Option<u32> {
    let threads = fs::read_dir("/proc/self/task").unwrap().flatten();
    let mut named = threads.filter(|thread| {
        let name = fs::read_to_string(thread.path().join("comm"));
        name.is_ok_and(|name| name.trim() == "shma-waits")
    });
    let first = named.next()?;
    assert!(named.next().is_none(), "there are two");
    Some(first.file_name().to_str().unwrap().parse().unwrap())
}

/// The calling thread's number.
pub fn thread() -> u32 {
    rustix::thread::gettid().as_raw_nonzero().get() as u32
}

/// Starts the other process.
#[macro_export]
macro_rules! other {
    () => {
        shma_tests::child::Child::start(env!("CARGO_BIN_EXE_other"), &[])
    };
}
