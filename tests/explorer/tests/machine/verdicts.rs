//! Nothing passes for a proof that is none, and a failure says how it comes about.

use std::sync::atomic::Ordering::Relaxed;

use shma_explorer::outcomes::process;
use shma_explorer::{Compare, Failure, Machine};

#[test]
fn reaching_the_limit_is_a_failure() {
    let mut machine = Machine::new();
    let x = machine.word("x", 0);
    for _ in 0..3 {
        process(&mut machine, "adder", |p, old| p.fetch_add(old, x, 1, Relaxed));
    }
    machine.limit(5);
    assert!(matches!(machine.explore(), Err(Failure::TooManyStates(5))));
}

#[test]
fn a_broken_property_comes_with_the_steps_that_break_it() {
    let mut machine = Machine::new();
    let x = machine.word("x", 0);
    machine.never_decreases(x);
    process(&mut machine, "up", |p, _| p.store(x, 2, Relaxed));
    process(&mut machine, "down", |p, _| {
        p.step("the fault");
        p.store(x, 1, Relaxed);
    });
    let Err(Failure::Broken { what, trace, .. }) = machine.explore_nearest_first() else {
        panic!("the store of a smaller value was not noticed");
    };
    assert!(what.contains("x goes back from 2 to 1"), "{what}");
    assert_eq!(trace.len(), 2, "{trace}");
    let text = trace.to_string();
    assert!(text.contains("the fault") && text.contains("x := 1"), "{text}");
}

#[test]
fn what_no_execution_comes_to_is_said() {
    let mut machine = Machine::new();
    let x = machine.word("x", 0);
    process(&mut machine, "reader", |p, seen| {
        p.load(seen, x, Relaxed);
        p.when(seen.is(7), |p| p.store(x, 8, Relaxed));
    });
    let explored = machine.explore().unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(explored.unreached.len(), 1, "{:?}", explored.unreached);
}
