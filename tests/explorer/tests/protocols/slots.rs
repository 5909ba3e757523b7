//! Publishing and reading in K slots: no reader accepts a mixed value, whichever process dies
//! where.

use shma_explorer::models::slots::{Mutant, Slots};
use shma_explorer::verdict::{all_sizes, holds, is_caught, long};

const WHOLE: Slots = Slots {
    slots: 3,
    words: 2,
    publications: 5,
    successor: 0,
    first: 0,
    parts: false,
    mutant: None,
};

/// Far enough for every slot to be written three times while the reader looks at one.
fn rounds(slots: u16) -> u16 {
    3 * slots + 1
}

#[test]
fn no_value_is_mixed_when_writers_overtake_readers() {
    for slots in [2, 3, 4, 8] {
        let model = Slots { slots, publications: rounds(slots), ..WHOLE };
        holds(&format!("K = {slots}"), &model.machine(), &[]);
    }
}

#[test]
fn no_value_is_mixed_where_versions_wrap() {
    for slots in [2, 4, 8] {
        let first = u16::MAX - slots;
        let model = Slots { slots, first, publications: rounds(slots), ..WHOLE };
        holds(&format!("K = {slots}, wrapping"), &model.machine(), &[]);
    }
}

#[test]
fn no_value_of_four_words_is_mixed() {
    for slots in [2, 3, 4] {
        let model = Slots { slots, words: 4, publications: rounds(slots), ..WHOLE };
        holds(&format!("K = {slots}, 4 words"), &model.machine(), &[]);
    }
}

#[test]
fn no_value_is_mixed_after_a_writer_is_killed_anywhere() {
    for slots in [2, 3, 4] {
        let (publications, successor) = (slots + 1, 2 * slots);
        let model = Slots { slots, publications, successor, ..WHOLE };
        holds(&format!("K = {slots}, killed"), &model.machine(), &[]);
    }
}

#[test]
fn parts_are_caught_up_before_a_reader_can_tell() {
    for slots in [2, 4] {
        let model = Slots { slots, publications: rounds(slots), parts: true, ..WHOLE };
        holds(&format!("K = {slots}, parts"), &model.machine(), &[]);
    }
}

#[test]
fn a_writer_killed_in_a_part_is_caught_up_by_its_successor() {
    let rounds = if long() { 3 } else { 2 };
    for &slots in if all_sizes() { &[2, 4][..] } else { &[2] } {
        let (publications, successor) = (rounds * slots + 1, rounds * slots + 1);
        let model = Slots { slots, publications, successor, parts: true, ..WHOLE };
        holds(&format!("K = {slots}, parts, killed"), &model.machine(), &[]);
    }
}

#[test]
fn every_wrong_variant_is_caught() {
    for (mutant, how) in [
        (Mutant::LimitOfK, "a mixed value"),
        (Mutant::NoWriterFence, "a mixed value"),
        (Mutant::NoReaderFence, "a mixed value"),
        (Mutant::VersionRelaxed, "a mixed value"),
        (Mutant::BeginAfterSlot, "a mixed value"),
        (Mutant::VersionLoadedRelaxed, "a mixed value"),
        (Mutant::SecondLookAtVersion, "a mixed value"),
        (Mutant::SuccessorDoesNotAcquire, "begin goes back"),
    ] {
        for slots in [2, 3, 4] {
            let successor = if mutant == Mutant::SuccessorDoesNotAcquire { 3 } else { 0 };
            let name = format!("{mutant:?}, K = {slots}");
            let mutant = Some(mutant);
            let model = Slots { slots, publications: rounds(slots), successor, mutant, ..WHOLE };
            is_caught(&name, &model.machine(), how);
        }
    }
}
