//! The semaphore and its owners: never two of them, nothing lost, none asleep for ever; and ids
//! that cannot be mistaken for another's.

use shma_explorer::models::owners::{Fork, ForkMutant, Ids, Owners};
use shma_explorer::models::semaphore::{Mutant, Semaphore};
use shma_explorer::verdict::{all_sizes, holds, is_caught, long};

/// No process dies in these, so none takes over.
const NO_DEATHS: &[&str] = &["take over"];

fn three() -> Semaphore {
    Semaphore::new().owner(1, 1).owner(2, 1).owner(3, 1)
}

fn three_of_which_one_dies() -> Semaphore {
    Semaphore::new().mortal(1, 1).owner(2, 1).owner(3, 1).kills(1)
}

/// Two threads of one attachment, and another owner.
fn two_threads() -> Semaphore {
    Semaphore::new().owner(1, 2).owner(1, 1).owner(2, 1)
}

#[test]
fn no_owner_is_left_asleep_while_all_live() {
    let two = Semaphore::new().owner(1, 2).owner(2, 2);
    holds("2 owners, twice each", &two.machine(), NO_DEATHS);
    holds("3 owners", &three().machine(), NO_DEATHS);
    let three = Semaphore::new().owner(1, 2).owner(2, 2).owner(3, 2);
    holds("3 owners, twice each", &three.machine(), NO_DEATHS);
    holds("two threads of one attachment", &two_threads().machine(), NO_DEATHS);
}

#[test]
fn an_owner_that_dies_anywhere_is_replaced() {
    let two = Semaphore::new().mortal(1, 2).owner(2, 2).kills(1);
    holds("2 owners, 1 dies", &two.machine(), &[]);
    holds("3 owners, 1 dies", &three_of_which_one_dies().machine(), &[]);
    let three = Semaphore::new().mortal(1, 1).mortal(2, 1).mortal(3, 1).kills(2);
    holds("3 owners, any 2 die", &three.machine(), &[]);
    if long() {
        let twice = Semaphore::new().mortal(1, 2).mortal(2, 2).mortal(3, 2).kills(2);
        holds("3 owners, twice each, any 2 die", &twice.machine(), &[]);
        let four = Semaphore::new().mortal(1, 1).mortal(2, 1).mortal(3, 1).mortal(4, 1).kills(2);
        holds("4 owners, any 2 die", &four.machine(), &[]);
    }
}

#[test]
fn every_wrong_use_of_the_lock_word_is_caught() {
    let asleep = "a process sleeps for ever";
    let two = || Semaphore::new().owner(1, 2).owner(2, 2);
    let two_of_which_one_dies = || Semaphore::new().mortal(1, 2).owner(2, 2).kills(1);
    for (mutant, model, how) in [
        (Mutant::ReleaseByStore, two(), asleep),
        (Mutant::ReleaseWithoutWake, two(), asleep),
        (Mutant::ReleaseRelaxed, two(), "counted to"),
        (Mutant::AcquireRelaxed, two(), "counted to"),
        (Mutant::WaitersForgotten, three(), asleep),
        (Mutant::WaitersNotSet, two(), asleep),
        (Mutant::SleepWithoutSlices, two_of_which_one_dies(), asleep),
        (Mutant::LostExchangeIgnored, three_of_which_one_dies(), "counted to"),
        (Mutant::TakeOverBySwap, three_of_which_one_dies(), "counted to"),
        (Mutant::NoAcquireAfterQuery, two_of_which_one_dies(), "counted to"),
        (Mutant::StealFromTheLiving, two(), "2 owners"),
        (Mutant::OwnIdQueried, two_threads(), "counted to"),
    ] {
        is_caught(&format!("{mutant:?}"), &model.mutant(mutant).machine(), how);
    }
}

#[test]
fn counted_ids_never_mean_another_owner() {
    // An id that shows in the lock word is dropped, which a counted one never does.
    let never = &["attach, store Relaxed"];
    let model = Owners { ids: Ids::Counted, takers: 2, newcomers: 1 };
    holds("counted ids", &model.machine(), never);
    if all_sizes() {
        let model = Owners { ids: Ids::Counted, takers: 1, newcomers: 2 };
        holds("counted ids, 2 newcomers", &model.machine(), never);
    }
}

#[test]
fn ids_that_come_back_give_two_owners() {
    for ids in [Ids::Redrawn, Ids::RedrawnUnlessFound] {
        let model = Owners { ids, takers: 2, newcomers: 1 };
        is_caught(&format!("{ids:?}"), &model.machine(), "2 owners");
    }
}

#[test]
fn a_fork_inside_a_closure_makes_no_second_owner() {
    holds("fork", &Fork { mutant: None }.machine(), &[]);
}

#[test]
fn a_child_that_goes_on_with_the_write_is_caught() {
    let model = Fork { mutant: Some(ForkMutant::CheckedOnceOnly) };
    is_caught("fork checked at the start only", &model.machine(), "2 owners");
}

#[test]
fn a_child_that_keeps_the_token_alive_is_caught() {
    let model = Fork { mutant: Some(ForkMutant::TokenInherited) };
    is_caught("token inherited by the child", &model.machine(), "sleeps for ever");
}
