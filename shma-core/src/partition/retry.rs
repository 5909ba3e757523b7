//! How often an optimistic attempt is repeated: one policy for values and for snapshots.

use std::time::{Duration, Instant};

use crate::os;
use crate::sync::spin;

/// Attempts in a row.
const ATTEMPTS: u32 = 64;

/// The sleep between later ones.
const PAUSE: Duration = Duration::from_micros(50);

/// Bounded effort: so many attempts in a row.
pub(crate) fn in_a_row<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..ATTEMPTS {
        if let Some(done) = attempt() {
            return Some(done);
        }
        spin();
    }
    None
}

/// As [`in_a_row`], again and again until this instant has passed.
pub(crate) fn until<T>(end: Instant, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    loop {
        let done = in_a_row(&mut attempt);
        if done.is_some() || Instant::now() >= end {
            return done;
        }
        os::pause(PAUSE);
    }
}

/// However long it takes. After the first attempts in a row, each turn is one attempt while what
/// `lock` returns is held, and one short sleep.
///
/// `lock` acquires semaphores that are free, and waits for none. So neither a writer that never
/// pauses nor a holder that is stopped keeps the caller from its value: it gets through whichever way
/// is open. Both closures work on `state`.
pub(crate) fn forever<S: ?Sized, T, L>(
    state: &mut S,
    mut attempt: impl FnMut(&mut S) -> Option<T>,
    mut lock: impl FnMut(&mut S) -> L,
) -> T {
    if let Some(done) = in_a_row(|| attempt(state)) {
        return done;
    }
    loop {
        let held = lock(state);
        if let Some(done) = attempt(state) {
            return done;
        }
        drop(held);
        os::pause(PAUSE);
    }
}
