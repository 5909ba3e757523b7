//! Named places in the protocols at which a test can end or stop a process.
//!
//! Without `--cfg shma_stop` they compile to nothing. With it, `SHMA_STOP=NAME` makes the process
//! kill itself when it first reaches the place, and `SHMA_STOP=NAME:COUNT` when it reaches it the
//! given time. `SHMA_STOP=pause:NAME[:COUNT]` stops it there until it gets SIGCONT; the count
//! `each` means every time. Under loom a thread of a model ends at any of them if the model says
//! so: see `lives_for`.

/// Marks a place.
#[cfg(not(any(shma_stop, loom)))]
macro_rules! stop_point {
    ($name:literal) => {};
}

#[cfg(any(shma_stop, loom))]
macro_rules! stop_point {
    ($name:literal) => {
        $crate::sync::stop::reached($name)
    };
}

pub(crate) use stop_point;

#[cfg(loom)]
pub(crate) use mortal::{lives_for, reached};

#[cfg(loom)]
mod mortal {
    use std::cell::Cell;
    use std::panic::{self, AssertUnwindSafe};

    use loom::thread::{self, ThreadId};

    struct Killed;

    // The standard library's: loom runs all threads of a model on the thread that started it.
    thread_local! {
        static MORTAL: Cell<Option<(ThreadId, usize)>> = const { Cell::new(None) };
    }

    pub(crate) fn reached(_name: &str) {
        match MORTAL.get() {
            Some((thread, 0)) if thread == thread::current().id() => {
                panic::resume_unwind(Box::new(Killed));
            }
            Some((thread, left)) if thread == thread::current().id() => {
                MORTAL.set(Some((thread, left - 1)));
            }
            _ => {}
        }
    }

    /// Runs `life` on this thread, which ends at the place after so many places, without doing
    /// anything more. Returns whether it came to its end. One thread at a time may be mortal.
    pub(crate) fn lives_for(places: usize, life: impl FnOnce()) -> bool {
        MORTAL.set(Some((thread::current().id(), places)));
        let end = panic::catch_unwind(AssertUnwindSafe(life));
        MORTAL.set(None);
        match end {
            Ok(()) => true,
            Err(payload) if payload.is::<Killed>() => false,
            Err(payload) => panic::resume_unwind(payload),
        }
    }
}

#[cfg(all(shma_stop, not(loom)))]
pub(crate) fn reached(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Stop {
        signal: rustix::process::Signal,
        name: String,
        /// At 1 this time is the one; `None` if each is.
        left: Option<AtomicU64>,
    }
    static STOP: OnceLock<Option<Stop>> = OnceLock::new();
    let stop = STOP.get_or_init(|| {
        let text = std::env::var("SHMA_STOP").ok()?;
        let (signal, text) = match text.strip_prefix("pause:") {
            Some(rest) => (rustix::process::Signal::STOP, rest),
            None => (rustix::process::Signal::KILL, text.as_str()),
        };
        let (name, count) = text.split_once(':').unwrap_or((text, "1"));
        let left =
            (count != "each").then(|| AtomicU64::new(count.parse().expect("SHMA_STOP=NAME:COUNT")));
        Some(Stop { signal, name: name.to_owned(), left })
    });
    let Some(stop) = stop else { return };
    // Relaxed: a counter of its own.
    let is_it = || stop.left.as_ref().is_none_or(|left| left.fetch_sub(1, Ordering::Relaxed) == 1);
    if stop.name == name && is_it() {
        rustix::process::kill_process(rustix::process::getpid(), stop.signal)
            .expect("a process can signal itself");
    }
}
