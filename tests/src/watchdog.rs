//! Waiting for conditions, and giving up on those that do not come to hold.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take. It says that something hangs, not how fast anything is.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Between two looks at a condition.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Waits until the condition holds.
///
/// # Panics
///
/// If it does not come to.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "watchdog: still not so after {PATIENCE:?}: {what}");
        thread::sleep(LOOK_AGAIN);
    }
}

/// Runs a test's story, and fails if it does not come to an end: a call that waits for ever must
/// not keep the other tests from being reported. Its children end with the thread that started
/// them at the latest, so also with this program.
///
/// # Panics
///
/// As the story does, or because of the time.
#[track_caller]
pub fn watched(story: impl FnOnce() + Send + 'static) {
    let (sender, receiver) = mpsc::channel();
    let name = thread::current().name().unwrap_or("story").to_owned();
    let tell = move || {
        let ended = Ended(sender);
        story();
        drop(ended);
    };
    let teller = thread::Builder::new().name(name).spawn(tell).unwrap();
    if receiver.recv_timeout(2 * PATIENCE).is_err() {
        panic!("watchdog: the test did not end in {:?}", 2 * PATIENCE);
    }
    if let Err(panic) = teller.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Tells of the end also when it is a panic.
struct Ended(mpsc::Sender<()>);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}
