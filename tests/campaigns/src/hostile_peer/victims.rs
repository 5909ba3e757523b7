//! The processes that use the region meanwhile.

use std::io::{BufRead, Write, stdin, stdout};
use std::time::Duration;

use shma_core::untyped::{Fetch, State, Wait};
use shma_core::{Shm, ShmState};

use super::BATCH;
use crate::outcome::caught;
use shma_tests::hostile::shelf::{Shelf, look};
use shma_tests::notes::Notes;
use shma_tests::region::{self, InDirectory};
use shma_tests::rng::Rng;

/// How long a call waits that has to be told.
const LIMIT: Duration = Duration::from_micros(500);

/// Says that it is attached; then makes a batch of calls each time it is told to, and reports.
fn serve(mut call: impl FnMut()) {
    say("ready");
    for line in stdin().lock().lines() {
        line.unwrap();
        let said = match caught(|| (0..BATCH).for_each(|_| call())) {
            Ok(()) => "done".to_owned(),
            Err(what) => format!("{what:?}"),
        };
        say(&said);
    }
}

fn say(line: &str) {
    let mut out = stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Calls with a bound that publish.
pub(super) fn writer(name: &str, seed: u64) {
    let shelf = Shelf::in_directory().open(name).unwrap();
    let (mut rng, mut copy) = (Rng::new(seed), Shelf::zeroed());
    let state = region::untyped().open(name, None).unwrap();
    serve(|| match rng.below(16) {
        12..16 => bounded(&state, &mut rng),
        0 => _ = shelf.number.try_update(|new, old| *new = old.wrapping_add(1)),
        1 => _ = shelf.halves.update_timeout(LIMIT, |new, old| new.reverse_of(old)),
        2 => _ = shelf.page.update_timeout(LIMIT, |new, old| new.reverse_of(old)),
        3 => _ = shelf.rows.try_update(|new, _| new[5][0] = 0.25),
        4 => _ = shelf.number.wait_newer(shelf.number.version(), LIMIT),
        5 => _ = shelf.cells.fetch_add(rng.below(4), 1),
        6 => shelf.cells.add(&[1; 4]),
        7 => _ = shelf.page.update_when(LIMIT, |new, old| (new[3] != old[5]).then_some(())),
        8 => _ = shelf.number.try_update_if(|new, _| new.checked_add(1)),
        9 => _ = (shelf.page.holder(), shelf.number.read_versioned()),
        10 => _ = shelf.rows.read_flat(copy.rows.as_flattened_mut()),
        _ => look(&shelf, &mut copy),
    });
}

/// Calls with a bound of a process without the struct.
fn bounded(state: &State, rng: &mut Rng) {
    let field = &state.fields()[rng.below(state.fields().len())];
    let (mut value, wait) = (vec![0; field.size()], Wait::AtMost(LIMIT));
    match rng.below(8) {
        0 => _ = field.try_read(&mut value),
        1 => _ = field.write(&value, wait),
        2 => _ = field.update(wait, |new, old| new[0] = old[0].wrapping_add(1)),
        3 => {
            if let Ok(held) = field.hold(wait) {
                let _ = held.load(&mut value);
                let _ = held.publish(&value);
            }
        }
        4 => _ = field.update_blocks::<f64>(wait, |_, block| block.reverse()),
        5 => _ = field.fetch(Fetch::Add, 0, &value[..value.len().min(8)], &mut []),
        6 => {
            if let Ok(transaction) = state.begin(wait)
                && transaction.load(field, &mut value).is_ok()
            {
                value[0] ^= 1;
                let _ = transaction.commit(&[(field, &value)]);
            }
        }
        _ => _ = (state.try_snapshot(&mut [(field, &mut value)]), field.age(), field.holder()),
    }
}

trait Reverse {
    fn reverse_of(&mut self, old: &Self);
}

impl<T: Copy, const N: usize> Reverse for [T; N] {
    fn reverse_of(&mut self, old: &Self) {
        *self = *old;
        self.reverse();
    }
}

/// Calls with a bound of a handle that must not write.
pub(super) fn observer(name: &str, seed: u64) {
    let shelf = Shelf::in_directory().open_read_only(name).unwrap();
    let (mut rng, mut copy) = (Rng::new(seed), Shelf::zeroed());
    let state = region::untyped().open_read_only(name, None).unwrap();
    serve(|| match rng.below(6) {
        4 | 5 => bounded(&state, &mut rng),
        0 => _ = shelf.page.wait_newer(shelf.page.version(), LIMIT),
        _ => look(&shelf, &mut copy),
    });
}

/// Opens it again and again: it may be refused.
pub(super) fn opener(name: &str) {
    let mut copy = Shelf::zeroed();
    let mut turn = 0;
    serve(|| {
        turn += 1;
        match turn % BATCH {
            // A process that finds that the region is gone looks for another one for a second.
            0 => {
                if let Ok(shelf) = Shelf::in_directory().open(name) {
                    look(&shelf, &mut copy);
                }
            }
            1 => {
                if let Ok(shelf) = Shelf::in_directory().open_read_only(name) {
                    look(&shelf, &mut copy);
                }
            }
            2 => {
                if let Ok(state) = region::untyped().open_read_only(name, None) {
                    bounded(&state, &mut Rng::new(turn));
                }
            }
            _ => {}
        }
    });
}

/// Calls that wait for a semaphore or for a whole value, as long as it takes.
pub(super) fn waiter(name: &str, seed: u64, note: &str) {
    let note = Notes::open(note);
    let Some(shelf) = attach(name) else { return };
    let (mut rng, mut copy) = (Rng::new(seed), Shelf::zeroed());
    let calls = caught(|| {
        for count in note.read(0) + 1.. {
            wait(&shelf, &mut rng, &mut copy);
            note.note(0, count);
        }
    });
    println!("{calls:?}");
}

/// The header has to be right for the moment.
fn attach(name: &str) -> Option<Shm<Shelf>> {
    std::iter::repeat_with(|| Shelf::in_directory().open(name)).find_map(Result::ok)
}

fn wait(shelf: &Shm<Shelf>, rng: &mut Rng, copy: &mut Shelf) {
    match rng.below(13) {
        0 => shelf.number.update(|new, old| *new = !old),
        1 => _ = shelf.rows.update_with(&[[1.0; 3]; 6], |new, old| new + old),
        2 => shelf.page.update_range(7..200, |new, old| new[5] = old[0]),
        3 => _ = shelf.page.write(&copy.page),
        4 => shelf.transaction(|new, old| {
            *new.number = !old.number;
            new.page[299] ^= 1;
        }),
        5 => shelf.snapshot_into(copy),
        6 => _ = shelf.page.read_into(&mut copy.page),
        7 => _ = shelf.page.read_range(1..30, &mut copy.page[1..30]),
        8 => shelf.read_into(copy),
        9 => _ = shelf.rows.write_flat(copy.rows.as_flattened()),
        10 => _ = shelf.page.update_range_if(3..90, |new, old| (new[0] == old[1]).then_some(())),
        11 => _ = shelf.rows.update_with_flat(&[0.5; 18], |new, old| new * old),
        _ => shelf.cells.update_with(&[7; 4], |new, old| new ^ old),
    }
}
