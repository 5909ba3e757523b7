//! Named places in the protocols at which a test can end or stop a process.
//!
//! Without `--cfg shma_stop` they compile to nothing. With it, `SHMA_STOP=NAME` makes the process
//! kill itself on reaching the place for the first time, `SHMA_STOP=NAME:COUNT` on the time given,
//! and `SHMA_STOP=pause:NAME[:COUNT]` stops it there until it gets SIGCONT.

/// Marks a place.
#[cfg(not(shma_stop))]
macro_rules! stop_point {
    ($name:literal) => {};
}

#[cfg(shma_stop)]
macro_rules! stop_point {
    ($name:literal) => {
        $crate::stop::reached($name)
    };
}

pub(crate) use stop_point;

#[cfg(shma_stop)]
pub(crate) fn reached(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Stop {
        signal: rustix::process::Signal,
        name: String,
        left: AtomicU64,
    }
    static STOP: OnceLock<Option<Stop>> = OnceLock::new();
    let stop = STOP.get_or_init(|| {
        let text = std::env::var("SHMA_STOP").ok()?;
        let (signal, text) = match text.strip_prefix("pause:") {
            Some(rest) => (rustix::process::Signal::STOP, rest),
            None => (rustix::process::Signal::KILL, text.as_str()),
        };
        let (name, count) = text.split_once(':').unwrap_or((text, "1"));
        let left = AtomicU64::new(count.parse().expect("SHMA_STOP=NAME:COUNT"));
        Some(Stop { signal, name: name.to_owned(), left })
    });
    let Some(stop) = stop else { return };
    // Relaxed: a counter of its own; at 1 this call is the one.
    if stop.name == name && stop.left.fetch_sub(1, Ordering::Relaxed) == 1 {
        rustix::process::kill_process(rustix::process::getpid(), stop.signal)
            .expect("a process can signal itself");
    }
}
