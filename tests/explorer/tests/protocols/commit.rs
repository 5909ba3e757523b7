//! Transactions, recovery, snapshots and reads, with two and three fields, K = 2 and 4. Whichever
//! process dies where, nothing is half in, nothing is lost, and nothing goes back.

use shma_explorer::models::commit::Act::{Transaction, Update};
use shma_explorer::models::commit::Commit;
use shma_explorer::models::commit::Look::{Read, Snapshot};
use shma_explorer::verdict::{self, long};

/// In some models no process can take over, or none can be found in the middle of a commit.
const SOME_IDLE: &[&str] = &["query", "take over", "R1", "R2", "R3", "S2, load Relaxed, target"];

/// Fields and slots of the configurations. Three fields with four slots take most of the time.
const SIZES: [(u16, u16); 4] = [(2, 2), (2, 4), (3, 2), (3, 4)];

/// Explores a story in the small sizes, or in all if they are asked for.
fn holds(name: &str, story: impl Fn(Commit) -> Commit) {
    holds_but(name, &[], story);
}

fn holds_but(name: &str, idle: &[&str], story: impl Fn(Commit) -> Commit) {
    let sizes = if verdict::all_sizes() { &SIZES[..] } else { &SIZES[..2] };
    for &(fields, slots) in sizes {
        both_orders(name, idle, &story(Commit::new(fields, slots)), (fields, slots));
    }
}

/// Explores a story about three fields.
fn holds_with_three(name: &str, story: impl Fn(Commit) -> Commit) {
    let slots = if verdict::all_sizes() { &[2, 4][..] } else { &[2] };
    for &slots in slots {
        both_orders(name, &[], &story(Commit::new(3, slots)), (3, slots));
    }
}

/// With transactions that go stage by stage, and with those that go field by field first.
fn both_orders(name: &str, idle: &[&str], model: &Commit, (fields, slots): (u16, u16)) {
    let name = format!("{name}, {fields} fields, K = {slots}");
    verdict::holds(&name, &model.machine(), idle);
    let name = format!("{name}, field by field");
    verdict::holds(&name, &model.clone().field_by_field().machine(), idle);
}

/// All fields of the model, or more.
const ALL: u16 = 0b111;

#[test]
fn snapshots_hold_beside_a_commit_that_dies_anywhere() {
    holds_but("transaction dies, snapshot", SOME_IDLE, |model| {
        model.kills(1).mortal(&[Transaction(ALL)]).reader(&[Snapshot])
    });
}

#[test]
fn two_recoverers_may_die_too() {
    holds("transaction dies, two updates may die", |model| {
        let model = model.kills(2).mortal(&[Transaction(ALL)]);
        model.mortal(&[Update(0)]).mortal(&[Update(1), Update(1)])
    });
}

#[test]
fn three_recoverers_agree() {
    holds_with_three("three recoverers", |model| {
        let model = model.kills(2).mortal(&[Transaction(ALL)]);
        model.mortal(&[Update(0)]).mortal(&[Update(1)]).mortal(&[Update(2)])
    });
}

#[test]
fn two_transactions_and_an_update_may_die() {
    holds("two transactions, update", |model| {
        let model = model.kills(2).mortal(&[Transaction(ALL)]);
        model.mortal(&[Transaction(ALL)]).mortal(&[Update(0)])
    });
}

/// A target that a dead transaction left behind is not redone with a later one.
#[test]
fn transactions_over_different_fields_may_die() {
    holds("transactions over two sets, update", |model| {
        let model = model.kills(2).mortal(&[Transaction(0b011)]);
        model.mortal(&[Transaction(0b110)]).writer(&[Update(1)])
    });
    holds_with_three("three pairs of fields", |model| {
        let model = model.kills(2).mortal(&[Transaction(0b011)]);
        model.mortal(&[Transaction(0b101)]).mortal(&[Transaction(0b110)])
    });
}

#[test]
fn an_owner_of_one_field_may_go_on_to_a_transaction() {
    holds("update, then transaction, beside the reverse", |model| {
        let model = model.kills(2).mortal(&[Update(0), Transaction(0b011)]);
        model.mortal(&[Transaction(0b110), Update(1)]).writer(&[Update(0)])
    });
}

#[test]
fn a_read_after_a_snapshot_is_not_older() {
    holds("transaction dies, update, snapshot, read", |model| {
        let model = model.kills(1).mortal(&[Transaction(ALL)]).writer(&[Update(0)]);
        model.reader(&[Snapshot, Read(1)])
    });
    holds("transaction dies, another, snapshot, read", |model| {
        let model = model.kills(1).mortal(&[Transaction(ALL)]).writer(&[Transaction(ALL)]);
        model.reader(&[Snapshot, Read(1)])
    });
}

#[test]
fn a_snapshot_after_a_read_is_not_older() {
    holds("transaction dies, update, read, snapshot", |model| {
        let model = model.kills(1).mortal(&[Transaction(ALL)]).writer(&[Update(0)]);
        model.reader(&[Read(0), Snapshot])
    });
}

#[test]
fn reads_of_several_fields_see_a_transaction_from_its_instant_on() {
    for order in [[Read(0), Read(1)], [Read(1), Read(0)]] {
        holds(&format!("transaction dies, update, {order:?}"), |model| {
            let model = model.kills(1).mortal(&[Transaction(ALL)]);
            model.writer(&[Update(0)]).reader(&order)
        });
        holds_but(&format!("three transactions, {order:?}"), SOME_IDLE, |model| {
            let model = model.writer(&[Transaction(ALL), Transaction(ALL)]);
            model.writer(&[Transaction(ALL)]).reader(&order)
        });
    }
    holds_with_three("transaction dies, another, three reads", |model| {
        let model = model.kills(1).mortal(&[Transaction(ALL)]).mortal(&[Transaction(ALL)]);
        model.reader(&[Read(0), Read(1), Read(2)])
    });
}

/// A reader late from one transaction finds the target that a later one left in a field which
/// stayed as it was.
#[test]
fn an_unchanged_fields_target_is_not_taken_for_an_older_one() {
    holds_but("transaction, update, transaction elsewhere, read", SOME_IDLE, |model| {
        let model = model.writer(&[Transaction(0b01)]).writer(&[Update(0)]);
        model.writer(&[Transaction(0b10)]).reader(&[Read(0)])
    });
}

#[test]
fn two_snapshots_agree_on_an_order_of_single_updates() {
    holds_but("two updates, two snapshots", SOME_IDLE, |model| {
        model.writer(&[Update(0)]).writer(&[Update(1)]).reader(&[Snapshot]).reader(&[Snapshot])
    });
}

#[test]
fn snapshots_hold_beside_two_recoverers() {
    holds("transaction dies, two updates, snapshot", |model| {
        let model = model.kills(1).mortal(&[Transaction(ALL)]);
        model.writer(&[Update(0)]).writer(&[Update(1)]).reader(&[Snapshot])
    });
}

/// The largest stories: minutes each. Set `SHMA_LONG=1`.
#[test]
fn larger_configurations_hold() {
    if !long() {
        return;
    }
    let transaction = |model: Commit| model.kills(1).mortal(&[Transaction(ALL)]);
    holds("transaction dies, update, two snapshots", |model| {
        transaction(model).writer(&[Update(0)]).reader(&[Snapshot]).reader(&[Snapshot])
    });
    holds("transaction dies, another, two snapshots", |model| {
        let model = model.kills(1).mortal(&[Transaction(0b011)]).writer(&[Transaction(0b110)]);
        model.reader(&[Snapshot]).reader(&[Snapshot])
    });
    holds("two transactions die, update, snapshot", |model| {
        let model = model.kills(2).mortal(&[Transaction(0b011)]).mortal(&[Transaction(0b110)]);
        model.writer(&[Update(1)]).reader(&[Snapshot])
    });
    holds("transaction and update die, update, snapshot", |model| {
        let model = transaction(model).kills(2).mortal(&[Update(0)]);
        model.writer(&[Update(1)]).reader(&[Snapshot])
    });
    holds("transaction dies, two more, snapshot", |model| {
        transaction(model).mortal(&[Transaction(ALL), Transaction(ALL)]).reader(&[Snapshot])
    });
    holds("transaction dies, two updates, snapshot, read", |model| {
        let model = transaction(model).writer(&[Update(0)]).writer(&[Update(1)]);
        model.reader(&[Snapshot, Read(1)])
    });
}
