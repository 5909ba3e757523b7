//! Writers of parts.

use shma_core::ShmState;
use shma_tests::dice::Dice;
use shma_tests::notebook::Notebook;
use shma_tests::parts::{self, BEGUN, ENDED, Parts};
use shma_tests::stripes::{self, Stripes};

use crate::until_told;

/// Makes change after change, and notes the number of each before and after it. It is killed, and
/// its successor goes on with the number after the last one that was begun.
pub fn scribe(name: &str, notes: &str, seed: u64) {
    let shared = Parts::open(name).unwrap();
    let notes = Notebook::open(notes);
    let mut model = shared.read_boxed();
    for number in notes.read(BEGUN) + 1.. {
        notes.note(BEGUN, number);
        parts::change(Some(&shared), &mut model, Dice::new(seed ^ number));
        notes.note(ENDED, number);
    }
}

/// Publishes stripes without pause.
pub fn stripe(name: &str, field: &str) {
    let state = Stripes::open(name).unwrap();
    let field = match field {
        "narrow" => &state.narrow,
        "usual" => &state.usual,
        "wide" => &state.wide,
        other => panic!("no field is called {other}"),
    };
    until_told(|_| stripes::publish(field));
}
