//! Catching up by dirty ranges. After any sequence of publications and deaths, the slots that
//! readers accept are intact, and every publication is the value that it should be.

use shma_explorer::models::dirty_ranges::{DirtyRanges, Mutant};
use shma_explorer::verdict::long;

const SMALL: DirtyRanges = DirtyRanges { slots: 2, words: 2, aligned: false, mutant: None };

fn holds(slots: usize, words: usize) {
    let model = DirtyRanges { slots, words, ..SMALL };
    match model.explore() {
        Ok(states) => println!("K = {slots}, {words} words: {states} states"),
        Err(what) => panic!("K = {slots}, {words} words: {what}"),
    }
}

#[test]
fn no_sequence_of_publications_and_deaths_leaves_an_old_word() {
    for (slots, words) in [(2, 1), (2, 2), (2, 4), (4, 1), (4, 2), (4, 3), (8, 1)] {
        holds(slots, words);
    }
    if long() {
        for (slots, words) in [(2, 6), (4, 4)] {
            holds(slots, words);
        }
    }
}

#[test]
fn no_old_word_is_left_with_eight_slots() {
    holds(8, 2);
}

#[test]
fn every_wrong_order_is_caught() {
    for (mutant, how) in [
        (Mutant::DirtyAfterData, "is an old one"),
        (Mutant::DirtyBeforeCatchUp, "is an old one"),
        (Mutant::OwnWordSkipped, "is an old one"),
        (Mutant::BeginAfterCatchUp, "changes in a slot that readers accept"),
        (Mutant::OneWordLess, "is an old one"),
        (Mutant::WholeWithoutWord, "is an old one"),
    ] {
        for slots in [2, 4, 8] {
            let model = DirtyRanges { slots, aligned: true, mutant: Some(mutant), ..SMALL };
            match model.explore() {
                Ok(states) => panic!("{mutant:?}, K = {slots}: not caught in {states} states"),
                Err(what) => {
                    assert!(what.contains(how), "{mutant:?}, K = {slots}: {what}");
                    println!("{mutant:?}, K = {slots}: caught after a sequence of acts: {what}");
                }
            }
        }
    }
}

/// Whether the slot's own word is needed depends on a death, which `begin` tells. To copy its range
/// always would be right as well; it is the price of a part that says why not.
#[test]
fn skipping_the_own_word_after_success_changes_nothing() {
    for slots in [2, 4] {
        let model = DirtyRanges { slots, ..SMALL };
        let ignored = DirtyRanges { mutant: Some(Mutant::BeginIgnored), ..model };
        assert_eq!(model.explore(), ignored.explore());
        assert!(model.copied(0, 1, 20) < ignored.copied(0, 1, 20));
    }
}

#[test]
fn a_part_costs_k_parts_in_any_field() {
    for slots in [2, 4, 8] {
        let cost =
            |words, publications| DirtyRanges { slots, words, ..SMALL }.copied(0, 1, publications);
        let (warm, more) = (2 * slots, 10);
        for words in [2, 6] {
            let each = (cost(words, warm + more) - cost(words, warm)) / more;
            assert_eq!(each, slots - 1, "K = {slots}, {words} words");
        }
    }
}
