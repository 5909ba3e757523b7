//! All the ways in which a machine can end, for tests of the machine itself.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::expression::{Register, Word};
use crate::instruction::Words;
use crate::machine::{Machine, Process};
use crate::program::Program;

/// Each way to end: the values of some registers, and then of some words.
pub type Outcomes = BTreeSet<Vec<Word>>;

/// A process that runs `body` and keeps one register for its result.
pub fn process(
    machine: &mut Machine,
    name: &str,
    body: impl FnOnce(&mut Program, Register),
) -> (Process, Register) {
    let mut p = Program::new(name);
    let result = p.kept_register("result");
    body(&mut p, result);
    (machine.run(p), result)
}

/// Everything that these registers and words can hold when the machine has come to rest.
///
/// # Panics
///
/// If the machine fails.
pub fn outcomes(
    mut machine: Machine,
    registers: Vec<(Process, Register)>,
    words: Vec<Words>,
) -> Outcomes {
    let seen = Arc::new(Mutex::new(Outcomes::new()));
    let into = Arc::clone(&seen);
    machine.finally(move |end| {
        let of_registers = registers.iter().map(|(process, r)| end.register(*process, *r));
        let of_words = words.iter().map(|word| end.latest(*word, 0));
        let outcome = of_registers.chain(of_words).collect();
        into.lock().map_err(|_| "the outcomes are poisoned")?.insert(outcome);
        Ok(())
    });
    machine.explore().unwrap_or_else(|failure| panic!("{failure}"));
    std::mem::take(&mut *seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}
