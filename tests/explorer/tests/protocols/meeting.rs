//! Waiting for a publication that only reads the notify word. Publisher and waiter meet in the lock
//! word, and no waiter sleeps while something newer is published.

use shma_explorer::models::meeting::{Meeting, Mutant};
use shma_explorer::verdict::{holds, is_caught, long};

const ONE: Meeting = Meeting {
    publishers: 1,
    publications: 2,
    waiters: 1,
    kill: false,
    recoverer: false,
    kept: false,
    slices: false,
    mutant: None,
};

/// No process takes over where the only publisher dies, or none.
const NO_SUCCESSOR: &[&str] = &["acquire, asks the kernel", "take over"];

#[test]
fn no_wake_up_is_lost_while_all_live() {
    holds("1 publisher, 1 waiter", &Meeting { publications: 3, ..ONE }.machine(), NO_SUCCESSOR);
    let model = Meeting { waiters: 2, publications: 1, ..ONE };
    holds("1 publisher, 2 waiters", &model.machine(), NO_SUCCESSOR);
    let model = Meeting { publishers: 2, publications: 1, ..ONE };
    holds("2 publishers, 1 waiter", &model.machine(), NO_SUCCESSOR);
    if long() {
        let model = Meeting { waiters: 2, ..ONE };
        holds("1 publisher, twice, 2 waiters", &model.machine(), NO_SUCCESSOR);
        let model = Meeting { publishers: 2, ..ONE };
        holds("2 publishers, twice each, 1 waiter", &model.machine(), NO_SUCCESSOR);
    }
}

#[test]
fn a_publisher_killed_anywhere_costs_one_slice_at_most() {
    let one = Meeting { kill: true, slices: true, ..ONE };
    holds("1 publisher, killed", &one.machine(), NO_SUCCESSOR);
    let two = Meeting { publishers: 2, publications: 1, ..one };
    holds("2 publishers, 1 killed", &two.machine(), &[]);
    if long() {
        let twice = Meeting { publishers: 2, ..one };
        holds("2 publishers, twice each, 1 killed", &twice.machine(), &[]);
    }
}

#[test]
fn a_recoverer_who_does_not_hold_the_field_wakes_without_a_slice() {
    for waiters in [1, 2] {
        let model = Meeting { waiters, publications: 1, kill: true, recoverer: true, ..ONE };
        holds(&format!("recoverer, {waiters} waiters"), &model.machine(), NO_SUCCESSOR);
    }
}

/// A publisher that never meets waiters in the lock word while it publishes.
const KEPT: Meeting = Meeting { kept: true, ..ONE };

#[test]
fn no_wake_up_is_lost_while_the_semaphore_is_kept() {
    holds("1 publisher, 1 waiter", &Meeting { publications: 3, ..KEPT }.machine(), NO_SUCCESSOR);
    let model = Meeting { waiters: 2, publications: 1, ..KEPT };
    holds("1 publisher, 2 waiters", &model.machine(), NO_SUCCESSOR);
    let model = Meeting { publishers: 2, publications: 1, ..KEPT };
    holds("2 publishers, 1 waiter", &model.machine(), NO_SUCCESSOR);
    if long() {
        let model = Meeting { waiters: 2, ..KEPT };
        holds("1 publisher, twice, 2 waiters", &model.machine(), NO_SUCCESSOR);
    }
}

#[test]
fn a_publisher_killed_while_it_keeps_the_semaphore_costs_one_slice_at_most() {
    let one = Meeting { kill: true, slices: true, ..KEPT };
    holds("1 publisher, killed", &one.machine(), NO_SUCCESSOR);
    let two = Meeting { publishers: 2, publications: 1, ..one };
    holds("2 publishers, 1 killed", &two.machine(), &[]);
}

#[test]
fn every_wrong_way_to_keep_the_semaphore_is_caught() {
    for mutant in [
        Mutant::Unmarked,
        Mutant::NoHeavyFence,
        Mutant::FenceAfterLook,
        Mutant::LookBeforeVersion,
        Mutant::Unregistered,
        Mutant::NoMeeting,
        Mutant::MeetingRelaxed,
        Mutant::NoSecondLook,
        Mutant::SameWord,
    ] {
        let model = Meeting { mutant: Some(mutant), ..KEPT };
        is_caught(&format!("{mutant:?}"), &model.machine(), "sleeps");
    }
}

#[test]
fn every_wrong_way_to_meet_is_caught() {
    let recovered = Meeting { publications: 1, kill: true, recoverer: true, ..ONE };
    for (mutant, model) in [
        (Mutant::NoMeeting, ONE),
        (Mutant::MeetingRelaxed, ONE),
        (Mutant::NoSecondLook, ONE),
        (Mutant::MeetingAfterLook, ONE),
        (Mutant::ReleaseDeaf, ONE),
        (Mutant::LookBeforeRelease, ONE),
        (Mutant::SameWord, ONE),
        (Mutant::AnyWord, recovered),
        (Mutant::NotifyLoadedRelaxed, recovered),
        (Mutant::SuccessorDoesNotWake, recovered),
    ] {
        let model = Meeting { mutant: Some(mutant), ..model };
        is_caught(&format!("{mutant:?}"), &model.machine(), "sleeps");
    }
}
