//! What tests say about a model: it holds, or it is caught.

use crate::machine::Machine;
use crate::search::Failure;

/// Are the large configurations wanted (`SHMA_LONG=1`)?
pub fn long() -> bool {
    std::env::var_os("SHMA_LONG").is_some_and(|value| value != "0")
}

/// Explores a model that must hold, and prints its size.
///
/// # Panics
///
/// If a property is broken, with a short way to break it, or if there were too many states. Also if
/// something in the programs was never executed, and so not explored. What begins with one of
/// `idle` may stay so.
pub fn holds(name: &str, machine: &Machine, idle: &[&str]) {
    match machine.explore() {
        Ok(explored) => {
            println!("{name}: {explored}");
            let unreached = explored.unreached.iter();
            let unexpected: Vec<_> =
                unreached.filter(|text| !idle.iter().any(|idle| text.starts_with(idle))).collect();
            assert!(unexpected.is_empty(), "{name}: never executed: {unexpected:#?}");
        }
        Err(failure @ Failure::TooManyStates(_)) => panic!("{name}: {failure}"),
        Err(first) => {
            let nearest = machine.explore_nearest_first().err();
            let shown = nearest.filter(|nearest| matches!(nearest, Failure::Broken { .. }));
            panic!("{name}: {}", shown.unwrap_or(first));
        }
    }
}

/// Whether configurations of every size are asked for, by `SHMA_SIZES=all` or `SHMA_LONG`.
pub fn all_sizes() -> bool {
    long() || std::env::var_os("SHMA_SIZES").is_some_and(|sizes| sizes == "all")
}

/// Explores a wrong variant, which must break a property in the words of `how`.
///
/// # Panics
///
/// If it holds, if it breaks something else, or if there were too many states.
pub fn is_caught(name: &str, machine: &Machine, how: &str) {
    match machine.explore() {
        Ok(explored) => panic!("{name}: not caught in {explored}"),
        Err(failure @ Failure::TooManyStates(_)) => panic!("{name}: {failure}"),
        Err(Failure::Broken { what, trace, states }) => {
            assert!(what.contains(how), "{name}: caught, but not by {how:?}: {what}\n{trace}");
            println!("{name}: caught after {states} states: {what}");
        }
    }
}
