//! What models of waiting have in common: the bit of sleepers in the notify word, and what may never be.

use crate::{Machine, Process, Register, Word, Words};

/// Set in the notify word, below its number, when a waiter sleeps or is about to.
pub(super) const SLEEPERS: Word = 1;

/// At rest no waiter sleeps while a version is published that it has not seen. Each comes with its
/// register of the version that it has seen.
pub(super) fn none_is_missed(
    machine: &mut Machine,
    version: Words,
    waiters: Vec<(Process, Register)>,
) {
    machine.finally(move |end| {
        let published = end.latest(version, 0);
        let missed = |(process, seen): &&(Process, Register)| {
            end.is_asleep(*process) && end.register(*process, *seen) != published
        };
        match waiters.iter().find(missed) {
            None => Ok(()),
            Some((process, seen)) => Err(format!(
                "version {published} is published, and a waiter that has seen {} sleeps",
                end.register(*process, *seen)
            )),
        }
    });
}
