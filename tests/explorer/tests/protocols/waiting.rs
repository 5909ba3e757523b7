//! Waiting for a publication: no waiter sleeps while something newer is published.

use shma_explorer::models::waiting::{Mutant, Recoverer, Waiting};
use shma_explorer::verdict::{holds, is_caught, long};

const ONE: Waiting = Waiting {
    publications: 2,
    successor: 0,
    first: 0,
    waiters: 1,
    kill: false,
    recoverer: None,
    mutant: None,
};

#[test]
fn no_wake_up_is_lost_while_all_live() {
    for waiters in [1, 2] {
        let model = Waiting { waiters, publications: 3, ..ONE };
        holds(&format!("{waiters} waiters"), &model.machine(), &[]);
    }
    if long() {
        let model = Waiting { waiters: 3, publications: 3, ..ONE };
        holds("3 waiters", &model.machine(), &[]);
    }
}

/// The word has one bit less than the version, so its number wraps first.
#[test]
fn a_number_that_wraps_in_the_word_wakes_like_others() {
    for first in [0x7ffe, 0xfffe] {
        let model = Waiting { first, waiters: 2, publications: 3, ..ONE };
        holds(&format!("2 waiters, from {first:#x}"), &model.machine(), &[]);
    }
}

#[test]
fn a_publisher_killed_anywhere_costs_one_slice_at_most() {
    for waiters in [1, 2] {
        let model = Waiting { waiters, kill: true, ..ONE };
        holds(&format!("{waiters} waiters, killed"), &model.machine(), &[]);
        let model = Waiting { successor: 2, ..model };
        holds(&format!("{waiters} waiters, killed, successor"), &model.machine(), &[]);
    }
}

#[test]
fn a_late_recoverer_costs_one_slice_at_most() {
    let model = Waiting { recoverer: Some(Recoverer::Exchanges), ..ONE };
    holds("recoverer exchanges", &model.machine(), &[]);
    if long() {
        let model = Waiting { waiters: 2, ..model };
        holds("recoverer exchanges, 2 waiters", &model.machine(), &[]);
        let model = Waiting { kill: true, successor: 2, ..model };
        holds("recoverer exchanges, 2 waiters, killed, successor", &model.machine(), &[]);
    }
}

/// The number in `notify` goes back under a waiter that compares: to sleep in slices is not only
/// about deaths between exchange and wake-up.
#[test]
fn a_late_recoverer_that_exchanges_hides_a_publication_from_a_sleeper_without_slices() {
    let mutant = Some(Mutant::SleepWithoutSlices);
    let model = Waiting { recoverer: Some(Recoverer::Exchanges), mutant, ..ONE };
    is_caught("recoverer exchanges, no slices", &model.machine(), "sleeps");
}

#[test]
fn a_recoverer_that_compares_costs_no_slice() {
    let recoverer = Some(Recoverer::ComparesAndExchanges);
    let mutant = Some(Mutant::SleepWithoutSlices);
    let model = Waiting { recoverer, mutant, publications: 3, ..ONE };
    holds("recoverer compares, no slices", &model.machine(), &[]);
    if long() {
        let model = Waiting { waiters: 2, publications: 2, ..model };
        holds("recoverer compares, no slices, 2 waiters", &model.machine(), &[]);
    }
}

#[test]
fn every_wrong_variant_is_caught() {
    for mutant in [
        Mutant::NotifyByStore,
        Mutant::NotifyBeforeVersion,
        Mutant::NotifyRelaxed,
        Mutant::NoWake,
        Mutant::SleepersByOr,
        Mutant::SleepersNotSet,
        Mutant::NotifyLoadedRelaxed,
        Mutant::VersionLoadedFirst,
    ] {
        let model = Waiting { mutant: Some(mutant), ..ONE };
        is_caught(&format!("{mutant:?}"), &model.machine(), "sleeps");
    }
    for mutant in [Mutant::NewerByNotify, Mutant::SleepWithoutSlices] {
        let model = Waiting { kill: true, mutant: Some(mutant), ..ONE };
        is_caught(&format!("{mutant:?}, killed"), &model.machine(), "sleeps");
    }
}
