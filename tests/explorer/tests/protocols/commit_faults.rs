//! Transactions, recovery, snapshots and reads done wrong: each way breaks some story.

use shma_explorer::models::commit::Act::{Transaction, Update};
use shma_explorer::models::commit::Look::{Read, Snapshot};
use shma_explorer::models::commit::{Commit, Mutant};
use shma_explorer::verdict::{self, is_caught};

/// Fields and slots of the configurations: each variant shows in each, so the small ones do.
fn sizes() -> &'static [(u16, u16)] {
    let all = &[(2, 2), (3, 2), (2, 4), (3, 4)];
    if verdict::all_sizes() { all } else { &all[..2] }
}

/// All fields of the model, or more.
const ALL: u16 = 0b111;

#[test]
fn every_wrong_variant_is_caught() {
    let half_in = "transaction 0 is half in at the end";
    let mixed = "a transaction is half in the snapshot";
    let disagree = "snapshots disagree on an order";
    let other_slot = "the slot holds another version";
    let older = "a transaction seen before is not there";
    for (mutant, story, how) in [
        (Mutant::RedoByStore, Story::TwoRecoverers, "goes back from"),
        (Mutant::TargetFromBegin, Story::MortalRecoverers, half_in),
        (Mutant::NoTargetReset, Story::StaleTarget, half_in),
        (Mutant::OddBeforeSlots, Story::TwoRecoverers, half_in),
        (Mutant::RecoveryAfterUpdate, Story::TwoRecoverers, half_in),
        (Mutant::NoRecovery, Story::TwoRecoverers, half_in),
        (Mutant::NoAcquireAfterQuery, Story::TwoRecoverers, half_in),
        (Mutant::UnlockBeforeEven, Story::TwoTransactions, half_in),
        (Mutant::NoFenceAfterBegin, Story::SnapshotThenRead, other_slot),
        (Mutant::StayRelaxed, Story::StaysBehind, other_slot),
        (Mutant::OddRelaxed, Story::Snapshot, other_slot),
        (Mutant::EvenRelaxed, Story::Snapshot, mixed),
        (Mutant::SnapshotIgnoresCommit, Story::Snapshot, mixed),
        (Mutant::SnapshotWithoutRecheck, Story::TwoSnapshots, disagree),
        (Mutant::SnapshotOddUnconfirmed, Story::SnapshotThenRead, mixed),
        (Mutant::SnapshotFenceAcquire, Story::TwoSnapshots, disagree),
        (Mutant::ReadIgnoresCommit, Story::TwoReads, older),
        (Mutant::ReadVersionOnce, Story::TwoReads, older),
        (Mutant::ReadUnconfirmed, Story::TwoReads, other_slot),
    ] {
        for &(fields, slots) in sizes() {
            let mut model = story.tell(Commit::new(fields, slots)).mutant(mutant);
            if mutant == Mutant::StayRelaxed {
                model = model.field_by_field();
            }
            let name = format!("{mutant:?}, {fields} fields, K = {slots}");
            is_caught(&name, &model.machine(), how);
        }
    }
}

/// What the wrong variants fail in.
#[derive(Clone, Copy)]
enum Story {
    Snapshot,
    TwoRecoverers,
    MortalRecoverers,
    StaleTarget,
    StaysBehind,
    TwoTransactions,
    SnapshotThenRead,
    TwoSnapshots,
    TwoReads,
}

impl Story {
    fn tell(self, model: Commit) -> Commit {
        let all = &[Transaction(ALL)];
        match self {
            Story::Snapshot => model.kills(1).mortal(all).reader(&[Snapshot]),
            Story::TwoRecoverers => {
                model.kills(1).mortal(all).writer(&[Update(0)]).writer(&[Update(1)])
            }
            Story::MortalRecoverers => {
                let model = model.kills(2).mortal(all).mortal(&[Update(0)]);
                model.mortal(&[Update(1)])
            }
            Story::StaleTarget => {
                let model = model.kills(2).mortal(&[Transaction(0b011)]);
                model.mortal(&[Transaction(0b010)]).writer(&[Update(1)])
            }
            Story::StaysBehind => {
                let model = model.writer(&[Transaction(0b01)]).writer(&[Update(0)]);
                model.writer(&[Transaction(0b10)]).reader(&[Read(0)])
            }
            Story::TwoTransactions => model.kills(2).mortal(all).mortal(all).mortal(&[Update(0)]),
            Story::SnapshotThenRead => {
                model.kills(1).mortal(all).writer(all).reader(&[Snapshot, Read(1)])
            }
            Story::TwoSnapshots => {
                let model = model.writer(&[Update(0)]).writer(&[Update(1)]);
                model.reader(&[Snapshot]).reader(&[Snapshot])
            }
            Story::TwoReads => model.writer(all).writer(all).reader(&[Read(0), Read(1)]),
        }
    }
}

/// Recovery ends with a compare-exchange, though a store would do. A process that is still inside
/// R1 to R3 holds a semaphore that every further transaction needs. So none can have gone beyond
/// the even number that this process is about to write. Versions have no such protection.
#[test]
fn an_even_commit_word_by_store_happens_to_be_harmless() {
    for story in [Story::TwoRecoverers, Story::TwoTransactions, Story::SnapshotThenRead] {
        for &(fields, slots) in sizes() {
            let model = story.tell(Commit::new(fields, slots)).mutant(Mutant::EvenByStore);
            verdict::holds(&format!("even by store, {fields}, {slots}"), &model.machine(), &[]);
        }
    }
}
