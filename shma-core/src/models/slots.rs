//! Readers beside a writer: a value that is accepted is one publication's, and the one it says.

use std::sync::Arc;

use loom::thread;

use super::Model;
use super::desk::Desk;
use crate::slots::Change;

/// Words of a value: enough to see two publications in one.
const LEN: usize = 2;

/// What publication `version` changes, in a field that is changed in parts: word 0 and word 1 by
/// turns, and every third time all of it.
fn part(version: u64) -> Change {
    match version % 3 {
        1 => Change::Whole,
        2 => Change::Words(0..1),
        _ => Change::Words(1..2),
    }
}

/// The words of publication `version`: each holds the number of the last one that changed it.
fn expected(version: u64, change: fn(u64) -> Change) -> [u64; LEN] {
    let mut value = [1; LEN];
    for version in 2..=version {
        match change(version) {
            Change::Whole => value.fill(version),
            Change::Words(range) => value[range].fill(version),
        }
    }
    value
}

fn publish<const K: usize>(desk: &Desk<K, LEN>, until: u64, change: fn(u64) -> Change) {
    // The version is counted here: a load of it would hide a relaxed publication from loom.
    for version in 1..until {
        desk.begin(0, version, change(version + 1)).publish();
    }
}

fn read<const K: usize>(desk: &Desk<K, LEN>, tries: usize, change: fn(u64) -> Change) {
    let mut last = 1;
    for _ in 0..tries {
        let Some((version, value)) = desk.read(0) else { continue };
        assert_eq!(value, expected(version, change), "mixed value of publication {version}");
        assert!(version >= last, "went back from publication {last} to {version}");
        last = version;
    }
}

/// One writer publishes `2..=until`; so many readers read.
fn beside_writer<const K: usize>(
    name: &str,
    until: u64,
    change: fn(u64) -> Change,
    readers: usize,
    tries: usize,
) -> Model {
    Model::new(format!("slots: {name}, {K} slots, {readers} readers"), move || {
        let desk = Arc::new(Desk::<K, LEN>::new(1));
        let readers: Vec<_> = (0..readers)
            .map(|_| {
                let desk = Arc::clone(&desk);
                thread::spawn(move || read(&desk, tries, change))
            })
            .collect();
        publish(&desk, until, change);
        for reader in readers {
            reader.join().unwrap();
        }
    })
}

const WHOLE: fn(u64) -> Change = |_| Change::Whole;

#[test]
fn whole_values_in_two_slots() {
    let model = beside_writer::<2>("whole values", 4, WHOLE, 1, 1);
    model.passes();
    model.catches("slots-limit", "mixed value");
    model.catches("slots-no-reader-fence", "mixed value");
    model.catches("slots-relaxed-version", "mixed value");
    model.catches("slots-late-begin", "mixed value");
    model.catches("load-not-acquired", "mixed value");
}

#[test]
fn whole_values_in_four_slots() {
    let model = beside_writer::<4>("whole values", 5, WHOLE, 1, 1);
    model.passes();
    model.catches("slots-limit", "mixed value");
    model.catches("slots-no-reader-fence", "mixed value");
    model.catches("slots-relaxed-version", "mixed value");
    model.catches("slots-late-begin", "mixed value");
}

#[test]
fn parts_in_two_slots() {
    let model = beside_writer::<2>("parts", 4, part, 1, 1);
    model.passes();
    model.catches("slots-limit", "mixed value");
    // With whole values the fence behind the dirty word stands in for this one.
    model.catches("slots-no-writer-fence", "mixed value");
}
