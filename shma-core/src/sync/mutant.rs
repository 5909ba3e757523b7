//! Deliberate faults in the protocols: a model counts for something only if it fails with them.
//!
//! `mutant!("name")` is whether that fault is switched on, and `mutant!("name", right => wrong)` is
//! one expression or the other. In ordinary builds these are `false` and `right`, so nothing of
//! them is left. Under loom `with` switches one on for the models that the calling thread runs;
//! with `--cfg shma_mutant` the environment variable `SHMA_MUTANT` names one for the process.

#[cfg(not(any(loom, shma_mutant)))]
macro_rules! mutant {
    ($name:literal) => {
        false
    };
    ($name:literal, $right:expr => $wrong:expr) => {
        $right
    };
}

#[cfg(any(loom, shma_mutant))]
macro_rules! mutant {
    ($name:literal) => {
        $crate::sync::mutant::is_on($name)
    };
    ($name:literal, $right:expr => $wrong:expr) => {
        if $crate::sync::mutant::is_on($name) { $wrong } else { $right }
    };
}

pub(crate) use mutant;

#[cfg(loom)]
pub(crate) use chosen::{is_on, with};
#[cfg(all(shma_mutant, not(loom)))]
pub(crate) use named::is_on;

#[cfg(loom)]
mod chosen {
    use std::cell::Cell;

    // The standard library's: loom runs all threads of a model on the thread that started it.
    thread_local! {
        static CHOSEN: Cell<Option<&'static str>> = const { Cell::new(None) };
    }

    pub(crate) fn is_on(name: &str) -> bool {
        CHOSEN.get() == Some(name)
    }

    /// Runs `f` with this fault. If it panics, the fault stays on.
    pub(crate) fn with<R>(name: &'static str, f: impl FnOnce() -> R) -> R {
        CHOSEN.set(Some(name));
        let result = f();
        CHOSEN.set(None);
        result
    }
}

#[cfg(all(shma_mutant, not(loom)))]
mod named {
    use std::sync::OnceLock;

    pub(crate) fn is_on(name: &str) -> bool {
        static NAMED: OnceLock<Option<String>> = OnceLock::new();
        NAMED.get_or_init(|| std::env::var("SHMA_MUTANT").ok()).as_deref() == Some(name)
    }
}
