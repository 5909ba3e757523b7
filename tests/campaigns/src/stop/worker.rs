//! What the process does that is stopped: one call when it is told to, or reading all the time.

use std::io::BufRead;

use shma_core::{Access, Shm};

use shma_tests::region::InDirectory;
use shma_tests::states::{Board, the_one};

/// Arguments: what it does, and the name of the region.
pub fn work(arguments: &[&str]) {
    let [call, name] = arguments[..] else { panic!("{arguments:?}") };
    match call {
        "create" | "unlink" | "open" => come(call, name),
        "read-only" | "gaze-read-only" => {
            read(call, &Board::in_directory().open_read_only(name).unwrap())
        }
        "read" | "snapshot" | "gaze" | "gaze-snapshot" => {
            read(call, &Board::in_directory().open(name).unwrap())
        }
        _ => write(call, &Board::in_directory().open(name).unwrap()),
    }
}

fn next_line() -> Option<String> {
    std::io::stdin().lock().lines().next().map(Result::unwrap)
}

/// Makes a call when it is told to.
fn when_told(call: impl FnOnce()) {
    println!("ready");
    next_line();
    call();
    println!("done");
    next_line();
}

fn write(call: &str, board: &Shm<Board>) {
    when_told(|| match call {
        "update" => board.count.update(|new, old| *new = old + 1),
        "part" => board.row.update_range(10..20, |new, old| {
            assert_eq!(new, old);
        }),
        "transaction" => board.transaction(|new, old| {
            *new.count = old.count + 1;
            *new.later = old.later + 1;
        }),
        other => panic!("no call is known as {other}"),
    });
}

fn come(call: &str, name: &str) {
    when_told(|| match call {
        "open" => drop(Board::in_directory().open(name).unwrap()),
        "unlink" => Board::in_directory().unlink(name).unwrap(),
        _ => drop(Board::in_directory().create(name, &Board::with(7)).unwrap()),
    });
}

/// A whole value each time, and never an older one than before.
fn read<A: Access>(call: &str, board: &Shm<Board, A>) {
    match call {
        "snapshot" => when_told(|| check(&board.snapshot())),
        "gaze-snapshot" => gaze(|| {
            let all = board.snapshot();
            check(&all);
            all.row[0]
        }),
        call if call.starts_with("gaze") => gaze(|| the_one(&*board.row.read_boxed())),
        _ => when_told(|| _ = the_one(&*board.row.read_boxed())),
    }
}

fn check(all: &Board) {
    the_one(&all.row);
    assert_eq!(all.count, all.later, "a snapshot of two fields that are changed as one");
}

/// Reads until its input ends.
fn gaze(mut read: impl FnMut() -> u64) {
    println!("ready");
    let reading = std::thread::spawn(|| while next_line().is_some() {});
    let mut last = 0;
    while !reading.is_finished() {
        let value = read();
        assert!(value >= last, "{value} was read after {last}");
        last = value;
    }
    println!("done");
}
