//! How much a test does: what shows the promise, or all sizes of it, as CI asks for.

use std::time::Duration;

/// Whether all sizes are asked for, by `SHMA_SIZES=all` or `SHMA_LONG`.
pub fn all() -> bool {
    let sizes = std::env::var_os("SHMA_SIZES");
    std::env::var_os("SHMA_LONG").is_some() || sizes.is_some_and(|sizes| sizes == "all")
}

/// How much of something: so much as shows the promise, or all of it.
pub fn either<T>(few: T, all_of_it: T) -> T {
    if all() { all_of_it } else { few }
}

/// How long processes are killed beside calls, in a test of what a death leaves.
pub fn storm() -> Duration {
    Duration::from_millis(either(500, 2_000))
}
