//! Tests of code that uses a state: `cargo run --example testing`.
//!
//! Three habits keep such tests apart and the machine clean. A name of its own for each test, since
//! tests run at the same time. A guard that unlinks the name, since a test that panics, or a process
//! that it started, may not drop its handles. And conditions instead of pauses: `wait_newer` with a
//! generous time-out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use shma_core::{Error, Shm, ShmState, Version};

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(ShmState)]
struct Counter {
    value: u64,
}

/// The code under test: it gets a handle, so it does not care where the region comes from.
fn count(counter: &Shm<Counter>, times: u64) {
    for _ in 0..times {
        counter.value.update(|new, old| *new = old + 1);
    }
}

/// A name that no other test has. Dropped, it leaves no region behind.
struct Name(String);

impl Name {
    fn new(test: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(format!("test-{test}-{}-{number}", std::process::id()))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // Usually the last handle has deleted it already.
        let _ = Counter::unlink(&self.0);
    }
}

/// No update is lost: two handles stand for two processes.
fn updates_are_counted() -> Result<(), Error> {
    let name = Name::new("counted");
    let one = Counter::create(&name.0, &Counter::zeroed())?;
    let two = Counter::open(&name.0)?;
    thread::scope(|scope| {
        scope.spawn(|| count(&one, 1000));
        scope.spawn(|| count(&two, 1000));
    });
    assert_eq!(one.value.read(), 2000);
    Ok(())
}

/// A reader is woken. There is no pause in the test, and no limit that a slow machine would miss.
fn readers_are_woken() -> Result<(), Error> {
    let name = Name::new("woken");
    let counter = Counter::create(&name.0, &Counter::zeroed())?;
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut seen, mut value) = (Version::default(), 0);
            while value < 3 {
                counter.value.wait_newer(seen, PATIENCE)?;
                seen = counter.value.read_into(&mut value);
            }
            Ok::<u64, Error>(value)
        });
        count(&counter, 3);
        assert_eq!(reader.join().unwrap()?, 3);
        Ok(())
    })
}

fn main() -> Result<(), Error> {
    updates_are_counted()?;
    readers_are_woken()?;
    println!("both hold");
    Ok(())
}
