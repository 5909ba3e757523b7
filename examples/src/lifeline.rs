//! The leader as a worker sees it, and why nothing is left behind when it is killed.
//!
//! Standard input of a worker is a pipe that only its leader holds open. It ends when the
//! leader sends the worker away, and when the leader is gone, however it went.
//!
//! An ephemeral region goes with the last process that leaves it. That is not enough when the leader
//! is killed: while the kernel takes the process apart, the pipe may be closed before the region is.
//! Workers that left then would not be the last, and the leader itself can do nothing any more. So
//!
//! 1. a worker removes the names of the regions when the pipe ends, whether or not it is the last;
//! 2. no worker leaves on its own before it has done so: one whose work is done stays until then.
//!
//! Whatever the moment at which the leader is killed, a worker that lives finds the end of the pipe,
//! removes the names, and leaves. It is all the same if others do it too.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use shma_core::Error;

use crate::stop;

/// How soon a worker that waits for something looks whether it is still wanted.
pub const PATIENCE: Duration = Duration::from_millis(100);

/// How long a worker that finds no region waits for the news that there is no leader either.
const GRACE: Duration = Duration::from_secs(1);

/// Tells a worker whether its work is wanted.
#[derive(Debug)]
pub struct Lifeline {
    cut: Arc<AtomicBool>,
}

impl Lifeline {
    /// Works until the work is done, and then stays until it is not wanted any more. It ends at a
    /// signal, or when the leader has sent the worker away or is gone. In the latter case it first
    /// calls `remove`, which has to remove the names of the regions.
    ///
    /// # Errors
    ///
    /// Errors of the work. That a region is gone is none when the work is not wanted: another worker was
    /// faster to find that, and has removed it.
    pub fn hold(
        remove: impl FnOnce() + Send + 'static,
        work: impl FnOnce(&Self) -> Result<()>,
    ) -> Result<()> {
        let lifeline = Self { cut: stop::flag().context("cannot listen for signals")? };
        lifeline.watch(remove);
        let result = work(&lifeline);
        let stay = match result.as_ref().map_err(|error| error.downcast_ref()) {
            Ok(()) | Err(Some(Error::Retired { .. })) => Duration::MAX,
            Err(Some(Error::NotFound { .. })) => GRACE,
            Err(_) => return result,
        };
        if lifeline.is_cut_within(stay) { Ok(()) } else { result }
    }

    /// Whether the work is not wanted any more.
    pub fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }

    fn is_cut_within(&self, at_most: Duration) -> bool {
        let start = Instant::now();
        while !self.is_cut() && start.elapsed() < at_most {
            thread::park_timeout(PATIENCE);
        }
        self.is_cut()
    }

    fn watch(&self, remove: impl FnOnce() + Send + 'static) {
        let (cut, worker) = (Arc::clone(&self.cut), thread::current());
        thread::spawn(move || {
            // An error, too, means that there is no process at the other end.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            remove();
            cut.store(true, Ordering::Relaxed);
            worker.unpark();
        });
    }
}
