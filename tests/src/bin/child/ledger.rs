//! Calls on a ledger, one a process: most of them end by a stop point on their way.

use shma_core::{Access, Shm, ShmState, Version};
use shma_tests::ledger::{self, Ledger};
use shma_tests::watchdog::PATIENCE;

use crate::{next_line, say, until_told};

/// Changes some fields, separated by commas, to a number.
pub fn transact(name: &str, to: u64, fields: &str) {
    let ledger = Ledger::open(name).unwrap();
    let fields: Vec<&str> = fields.split(',').collect();
    ledger::transact(&ledger, &fields, to, || ());
}

/// The same, and waits for a line before it commits.
pub fn hold(name: &str, to: u64, fields: &str) {
    let ledger = Ledger::open(name).unwrap();
    let fields: Vec<&str> = fields.split(',').collect();
    ledger::transact(&ledger, &fields, to, || {
        ledger.hits.fetch_add(1, 1);
        say("holding");
        next_line();
    });
    say("done");
}

/// Publishes one field as it is.
pub fn touch(name: &str, field: &str) {
    ledger::touch(&Ledger::open(name).unwrap(), field);
    say("done");
}

/// Says what a snapshot holds.
pub fn snapshot(name: &str, access: &str) {
    let numbers = match access {
        "writer" => Ledger::open(name).unwrap().snapshot().numbers(),
        "reader" => Ledger::open_read_only(name).unwrap().snapshot().numbers(),
        other => panic!("no access is called {other}"),
    };
    say(&format!("{numbers:?}"));
}

/// Says what one field holds.
pub fn read(name: &str, access: &str, field: &str) {
    match access {
        "writer" => read_field(&Ledger::open(name).unwrap(), field),
        "reader" => read_field(&Ledger::open_read_only(name).unwrap(), field),
        other => panic!("no access is called {other}"),
    }
}

fn read_field<A: Access>(ledger: &Shm<Ledger, A>, field: &str) {
    let mut copy = Ledger::zeroed();
    let number = match field {
        "pair" => {
            copy.pair = ledger.pair.read();
            copy.numbers()[1]
        }
        "large" => {
            ledger.large.read_into(&mut copy.large);
            copy.numbers()[4]
        }
        other => panic!("nobody reads {other}"),
    };
    say(&number.to_string());
}

/// Waits for a publication after the one that is there, which it says first.
pub fn wait(name: &str, field: &str) {
    let ledger = Ledger::open(name).unwrap();
    let since = version(&ledger, field);
    say(&format!("since {since}"));
    let newer = match field {
        "first" => ledger.first.wait_newer(since, PATIENCE),
        "pair" => ledger.pair.wait_newer(since, PATIENCE),
        "odd" => ledger.odd.wait_newer(since, PATIENCE),
        "large" => ledger.large.wait_newer(since, PATIENCE),
        other => panic!("nobody waits for {other}"),
    };
    say(&format!("{}", newer.unwrap()));
}

fn version<A: Access>(ledger: &Shm<Ledger, A>, field: &str) -> Version {
    match field {
        "first" => ledger.first.version(),
        "pair" => ledger.pair.version(),
        "odd" => ledger.odd.version(),
        "large" => ledger.large.version(),
        other => panic!("nobody waits for {other}"),
    }
}

/// Publishes without pause, in one of the ways that there are.
pub fn churn(name: &str, how: &str) {
    let ledger = Ledger::open(name).unwrap();
    let turns = until_told(|turn| match how {
        "transactions" => {
            let fields = ["first", "pair", "odd", "large"];
            ledger::transact(&ledger, &fields, turn % 0xFF_FFFF + 1, || ());
        }
        "singles" => {
            ledger.first.update(|new, old| *new = *old);
            ledger.pair.update(|new, old| *new = *old);
            ledger.large.update_range(3..5, |_, _| ());
        }
        "first" => ledger.first.update(|new, old| *new = old + 1),
        other => panic!("no way of publishing is called {other}"),
    });
    say(&format!("{turns} turns"));
}
