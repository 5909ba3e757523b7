//! Two threads that race, to be reported.
//!
//! `unsafe` here: the race.

use super::table::Plain;

/// Two threads change one word with nothing between them.
pub(super) fn race() {
    let word = Plain::new(0_u64);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    // SAFETY: there is none. The program is built to have this seen, and ends by it.
                    let seen = unsafe { word.get() };
                    // SAFETY: as above.
                    unsafe { word.set(seen + 1) };
                }
            });
        }
    });
    // SAFETY: the threads have ended.
    println!("{}", unsafe { word.get() });
}
