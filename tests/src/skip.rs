//! Tests that this machine does not let run.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

static SKIPPED: AtomicUsize = AtomicUsize::new(0);

/// Says that a test, or part of one, is left out, and why. It is said past the capturing of test
/// output, since the output of a test that passes is not shown.
pub fn skip(reason: &str) {
    let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
    let _ = writeln!(std::io::stderr(), "skipped: {reason} ({count} in this program)");
}

/// Whether the tests run as root, without whom no process can become another user; says so if not.
pub fn is_root(what: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skip(&format!("{what} needs root"));
    }
    root
}
