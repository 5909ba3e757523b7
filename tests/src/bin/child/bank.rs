//! Workers that move money, and auditors that check that all of it is there.

use shma_core::{Access, Shm, ShmState};
use shma_tests::bank::{self, Bank};
use shma_tests::notes::Notes;
use shma_tests::rng::Rng;

use crate::{say, until_told};

/// The process that kills and replaces has to get in between so many that never pause.
const NICE: i32 = 10;

/// Makes transfers for ever. It is killed.
pub fn transfer(name: &str, notes: &str, worker: usize) {
    let bank = Bank::open(name).unwrap();
    let notes = Notes::open(notes);
    let mut rng = Rng::new(std::process::id().into());
    rustix::process::nice(NICE).unwrap();
    // A predecessor may have died between the transfer and the note.
    notes.note(worker, bank.made.read()[worker]);
    loop {
        bank::transfer(&bank, &notes, worker, &mut rng);
        if rng.one_in(3) {
            bank::shift(&bank, &mut rng);
        }
    }
}

/// Looks again and again, and notes in its line how often.
pub fn audit(name: &str, notes: &str, line: usize, access: &str) {
    let notes = Notes::open(notes);
    rustix::process::nice(NICE).unwrap();
    match access {
        "writer" => audits(&Bank::open(name).unwrap(), &notes, line),
        "reader" => audits(&Bank::open_read_only(name).unwrap(), &notes, line),
        other => panic!("no access is called {other}"),
    }
}

fn audits<A: Access>(bank: &Shm<Bank, A>, notes: &Notes, line: usize) {
    let mut copy = Bank::zeroed();
    let audits = until_told(|turn| {
        bank::audit(bank, notes, &mut copy);
        notes.note(line, turn + 1);
    });
    say(&format!("{audits} audits"));
}
