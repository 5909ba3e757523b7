//! Calls on a state, one a process: most of them end by a stop point on their way.

use shma_core::{Access, Shm, ShmState, Version};
use shma_tests::five_fields::{self, FiveFields};
use shma_tests::watchdog::PATIENCE;

use crate::{next_line, say, until_told};

/// Changes some fields, separated by commas, to a number.
pub fn transact(name: &str, to: u64, fields: &str) {
    let state = FiveFields::open(name).unwrap();
    let fields: Vec<&str> = fields.split(',').collect();
    five_fields::transact(&state, &fields, to, || ());
}

/// Changes all fields that take part to a number, by a transaction that names no other field.
pub fn transact_of(name: &str, to: u64) {
    let state = FiveFields::open(name).unwrap();
    five_fields::transact_of(&state, to);
}

/// As [`transact`], and waits for a line before it commits.
pub fn hold(name: &str, to: u64, fields: &str) {
    let state = FiveFields::open(name).unwrap();
    let fields: Vec<&str> = fields.split(',').collect();
    five_fields::transact(&state, &fields, to, || {
        state.hits.fetch_add(1, 1);
        say("holding");
        next_line();
    });
    say("done");
}

/// Publishes one field as it is.
pub fn touch(name: &str, field: &str) {
    five_fields::touch(&FiveFields::open(name).unwrap(), field);
    say("done");
}

/// Says what a snapshot holds.
pub fn snapshot(name: &str, access: &str) {
    let numbers = match access {
        "writer" => FiveFields::open(name).unwrap().snapshot().numbers(),
        "reader" => FiveFields::open_read_only(name).unwrap().snapshot().numbers(),
        other => panic!("no access is called {other}"),
    };
    say(&format!("{numbers:?}"));
}

/// Says what one field holds.
pub fn read(name: &str, access: &str, field: &str) {
    match access {
        "writer" => read_field(&FiveFields::open(name).unwrap(), field),
        "reader" => read_field(&FiveFields::open_read_only(name).unwrap(), field),
        other => panic!("no access is called {other}"),
    }
}

fn read_field<A: Access>(state: &Shm<FiveFields, A>, field: &str) {
    let mut copy = FiveFields::zeroed();
    let number = match field {
        "pair" => {
            copy.pair = state.pair.read();
            copy.numbers()[1]
        }
        "large" => {
            state.large.read_into(&mut copy.large);
            copy.numbers()[4]
        }
        other => panic!("no field is called {other}"),
    };
    say(&number.to_string());
}

/// Waits for a publication after the one that is there, which it says first.
pub fn wait(name: &str, field: &str) {
    let state = FiveFields::open(name).unwrap();
    let since = version(&state, field);
    say(&format!("since {since}"));
    let newer = match field {
        "first" => state.first.wait_newer(since, PATIENCE),
        "pair" => state.pair.wait_newer(since, PATIENCE),
        "odd" => state.odd.wait_newer(since, PATIENCE),
        "large" => state.large.wait_newer(since, PATIENCE),
        other => panic!("no field is called {other}"),
    };
    say(&format!("{}", newer.unwrap()));
}

fn version<A: Access>(state: &Shm<FiveFields, A>, field: &str) -> Version {
    match field {
        "first" => state.first.version(),
        "pair" => state.pair.version(),
        "odd" => state.odd.version(),
        "large" => state.large.version(),
        other => panic!("no field is called {other}"),
    }
}

/// Publishes without pause, in one of the ways that there are.
pub fn churn(name: &str, how: &str) {
    let state = FiveFields::open(name).unwrap();
    let turns = until_told(|turn| match how {
        "transactions" => {
            let fields = ["first", "pair", "odd", "large"];
            five_fields::transact(&state, &fields, turn % 0xFF_FFFF + 1, || ());
        }
        "singles" => {
            state.first.update(|new, old| *new = *old);
            state.pair.update(|new, old| *new = *old);
            state.large.update_range(3..5, |_, _| ());
        }
        "first" => state.first.update(|new, old| *new = old + 1),
        other => panic!("no way of publishing is called {other}"),
    });
    say(&format!("{turns} turns"));
}
