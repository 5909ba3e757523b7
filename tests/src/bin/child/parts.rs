//! Writers of parts.

use shma_core::ShmState;
use shma_tests::notes::Notes;
use shma_tests::parts::{self, BEGUN, ENDED, Parts};
use shma_tests::rng::Rng;
use shma_tests::slot_counts::{self, SlotCounts};

use crate::until_told;

/// Makes change after change, and notes the number of each before and after it. It is killed, and
/// its successor goes on with the number after the last one that was begun.
pub fn write_parts(name: &str, notes: &str, seed: u64) {
    let shared = Parts::open(name).unwrap();
    let notes = Notes::open(notes);
    let mut model = shared.read_boxed();
    for number in notes.read(BEGUN) + 1.. {
        notes.note(BEGUN, number);
        parts::change(Some(&shared), &mut model, Rng::new(seed ^ number));
        notes.note(ENDED, number);
    }
}

/// Publishes parts of one array without pause.
pub fn write_slots(name: &str, field: &str) {
    let state = SlotCounts::open(name).unwrap();
    let field = match field {
        "narrow" => &state.narrow,
        "usual" => &state.usual,
        "wide" => &state.wide,
        other => panic!("no field is called {other}"),
    };
    until_told(|_| slot_counts::publish(field));
}
