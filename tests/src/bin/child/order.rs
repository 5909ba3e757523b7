//! Writers that publish one field after the other, and witnesses of the order.

use shma_core::{Access, Shm, ShmState};
use shma_tests::five_fields::FiveFields;

use crate::{say, start, until_told};

/// Counts in single updates: in `first` and then in `pair`, or in one of them.
pub fn pace(name: &str, how: &str) {
    let state = FiveFields::open(name).unwrap();
    let count_first = || state.first.update(|new, old| *new = old + 1);
    let count_pair = || state.pair.update(|new, old| new.fill(old[0] + 1));
    let turns = until_told(|_| match how {
        "first-then-pair" => {
            count_first();
            count_pair();
        }
        "first" => count_first(),
        "pair" => count_pair(),
        other => panic!("no way of counting is called {other}"),
    });
    say(&format!("{turns} turns"));
}

/// Takes snapshots until it has seen so many pairs of numbers, and says them in that order.
pub fn witness(name: &str, access: &str, times: usize) {
    let seen = match access {
        "writer" => testify(&FiveFields::open(name).unwrap(), times),
        "reader" => testify(&FiveFields::open_read_only(name).unwrap(), times),
        other => panic!("no access is called {other}"),
    };
    for [first, pair] in seen {
        say(&format!("{first} {pair}"));
    }
    say("end");
}

fn testify<A: Access>(state: &Shm<FiveFields, A>, times: usize) -> Vec<[u64; 2]> {
    let mut copy = FiveFields::zeroed();
    let mut seen = Vec::with_capacity(times);
    start();
    while seen.len() < times {
        state.snapshot_into(&mut copy);
        let [first, pair, ..] = copy.numbers();
        if seen.last() != Some(&[first, pair]) {
            seen.push([first, pair]);
        }
    }
    seen
}
