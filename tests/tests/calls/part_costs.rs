//! Parts that cost what the whole costs. It is counted in bytes that are copied, not in time.

use std::process::Command;

use shma_tests::child::Child;
use shma_tests::region::Name;
use shma_tests::switched;
use shma_tests::watchdog::watched;

/// Words of arrays of 64 KiB, 1 MiB and 16 MiB.
const ARRAYS: [u64; 3] = [8192, 131_072, 2_097_152];

/// Slots of the array.
const SLOTS: usize = 4;

/// An array, and the process that keeps it.
struct Array {
    program: std::path::PathBuf,
    words: u64,
    name: Name,
    _keeper: Child,
}

/// Bytes that each of several like calls has copied.
#[derive(Debug, PartialEq)]
struct Costs {
    first_updates: Vec<u64>,
    updates: Vec<u64>,
    reads: Vec<u64>,
    sets: Vec<u64>,
    gets: Vec<u64>,
    /// A transaction of the small field alone, one that changes nothing, a snapshot.
    choices: Vec<u64>,
}

impl Array {
    fn new(program: &std::path::Path, words: u64) -> Self {
        let name = Name::new("costs");
        let mut keeper = Child::start_command(&mut command(program, words, "keep", &name));
        keeper.expect("kept");
        Self { program: program.to_owned(), words, name, _keeper: keeper }
    }

    fn bytes(&self) -> u64 {
        8 * self.words
    }

    fn command(&self, story: &str) -> Command {
        command(&self.program, self.words, story, &self.name)
    }

    fn costs(&self) -> Costs {
        let mut child = Child::start_command(&mut self.command("cost"));
        let [first_updates, updates, reads, sets, gets, choices] = std::array::from_fn(|_| {
            child.line().split(' ').map(|cost| cost.parse().unwrap()).collect()
        });
        assert!(child.end().success());
        Costs { first_updates, updates, reads, sets, gets, choices }
    }

    fn call(&self, story: &str) {
        assert!(Child::start_command(&mut self.command(story)).end().success());
    }

    fn die(&self, story: &str, stop: &str) {
        let mut command = self.command(story);
        assert!(!Child::start_command(command.env("SHMA_STOP", stop)).end().success());
    }
}

fn command(program: &std::path::Path, words: u64, story: &str, name: &Name) -> Command {
    let mut command = Command::new(program);
    command.args(["copied", &words.to_string(), story, name]);
    command
}

fn on_every_array(story: impl Fn(&Array) + Send + 'static) {
    let program = switched::program("child");
    watched(move || ARRAYS.iter().for_each(|words| story(&Array::new(&program, *words))));
}

/// What the copies of `times` a part cost: each is loaded and stored.
fn copies(times: usize) -> u64 {
    2 * 64 * times as u64
}

/// A solver exchanges a boundary row of a field of a gigabyte every step.
#[test]
fn a_part_costs_the_same_in_every_field() {
    let program = switched::program("child");
    watched(move || {
        let [small, medium, large] = ARRAYS.map(|words| Array::new(&program, words).costs());
        assert_eq!(small, medium);
        assert_eq!(small, large);
        // The part itself, and what the publications before it have changed.
        assert_eq!(small.updates, [copies(SLOTS); 6]);
        assert_eq!(small.sets, [8 + (SLOTS as u64 - 1) * 2 * 8; 6]);
        assert_eq!(small.reads, [64; 6]);
        assert_eq!(small.gets, [8; 6]);
        assert_eq!(small.choices, [2 * 16, 16, 16], "nothing of the array beside it");
    });
}

/// A whole update leaves every other slot behind. Each is brought up to date once, when its turn
/// comes, at the cost of one copy of the field; after that, a part costs a part again.
#[test]
fn each_slot_is_caught_up_once_after_a_whole_update() {
    on_every_array(|array| {
        array.call("write");
        let costs = array.costs();
        let behind = SLOTS - 1;
        for cost in &costs.first_updates[..behind] {
            let whole = 2 * array.bytes();
            assert!((whole..=whole + copies(SLOTS)).contains(cost), "{cost} of {whole}");
        }
        assert_eq!(costs.first_updates[behind..], [copies(SLOTS); 8 - SLOTS + 1]);
        assert_eq!(costs.updates, [copies(SLOTS); 6]);
    });
}

/// Who dies in a partial update leaves a part of one slot in disorder, not all of it.
#[test]
fn a_death_in_a_part_costs_one_part() {
    on_every_array(|array| {
        for stop in ["publish.begun", "publish.caught_up", "publish.marked", "publish.stored"] {
            (0..SLOTS).for_each(|_| array.call("update_range"));
            array.die("update_range", stop);
            let costs = array.costs();
            assert_eq!(costs.first_updates[0], copies(SLOTS + 1), "{stop}");
            assert_eq!(costs.first_updates[1..], [copies(SLOTS); 7], "{stop}");
        }
    });
}

/// Who dies in a whole update leaves one slot in disorder, and that is brought up to date once.
#[test]
fn a_death_in_a_whole_update_costs_one_copy() {
    on_every_array(|array| {
        (0..SLOTS).for_each(|_| array.call("update_range"));
        array.die("write", "publish.marked");
        let costs = array.costs();
        let whole = 2 * array.bytes();
        assert!((whole..=whole + copies(SLOTS)).contains(&costs.first_updates[0]), "{costs:?}");
        assert_eq!(costs.first_updates[1..], [copies(SLOTS); 7]);
    });
}
