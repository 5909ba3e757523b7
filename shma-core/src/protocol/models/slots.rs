//! Readers beside a writer: a value that is accepted is one publication's, and the one it says.

use std::sync::Arc;

use loom::thread;

use super::Model;
use super::crew::Crew;
use super::desk::Desk;
use crate::protocol::semaphore::{Semaphore, Wait};
use crate::protocol::slots::Change;

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
    let model = beside_writer::<2>("whole values", 4, WHOLE, 1, 1).preempted_at_most(3);
    model.passes();
    model.catches("slots-limit", "mixed value");
    model.catches("slots-no-reader-fence", "mixed value");
    model.catches("slots-relaxed-version", "mixed value");
    model.catches("slots-late-begin", "mixed value");
    model.catches("load-not-acquired", "mixed value");
}

#[test]
fn whole_values_in_four_slots() {
    let model = beside_writer::<4>("whole values", 5, WHOLE, 1, 1).preempted_at_most(3);
    model.passes();
    model.catches("slots-limit", "mixed value");
    model.catches("slots-no-reader-fence", "mixed value");
    model.catches("slots-relaxed-version", "mixed value");
    model.catches("slots-late-begin", "mixed value");
}

#[test]
fn parts() {
    for model in [
        beside_writer::<2>("parts", 4, part, 1, 1).preempted_at_most(3),
        beside_writer::<4>("parts", 5, part, 1, 1).preempted_at_most(3),
    ] {
        model.passes();
        model.catches("slots-limit", "mixed value");
    }
    // With whole values the fence behind the dirty word stands in for this one.
    beside_writer::<2>("parts", 4, part, 1, 1).catches("slots-no-writer-fence", "mixed value");
}

#[test]
fn a_reader_never_goes_back() {
    beside_writer::<2>("parts", 3, part, 1, 2).preempted_at_most(3).passes();
}

#[test]
fn two_readers() {
    beside_writer::<2>("parts", 3, part, 2, 1).preempted_at_most(2).passes();
}

/// Two writers give up a publication each before the ones that are published.
fn abandoning() -> Model {
    /// As `part`, but publication 2 changes word 1 alone.
    fn change(version: u64) -> Change {
        Change::Words(if version == 2 { 1..2 } else { 0..1 })
    }
    Model::new("slots: given up", || {
        let desk = Arc::new(Desk::<2, LEN>::new(1));
        let reader = thread::spawn({
            let desk = Arc::clone(&desk);
            move || read(&desk, 1, change)
        });
        // Each leaves a number in its slot that is no publication's there.
        desk.begin(0, 1, Change::Words(0..1));
        desk.begin(0, 1, change(2)).publish();
        desk.begin(0, 2, Change::Whole);
        desk.begin(0, 2, change(3)).publish();
        reader.join().unwrap();
        assert_eq!(desk.newest(0), (3, expected(3, change)), "mixed value");
    })
}

#[test]
fn what_was_given_up_is_made_good() {
    let model = abandoning().preempted_at_most(3);
    model.passes();
    model.catches("slots-own-word-skipped", "mixed value");
}

/// Two writers publish a word each, under the semaphore.
fn two_writers() -> Model {
    Model::new("slots: two writers", || {
        let desk = Arc::new(Desk::<2, LEN>::new(1));
        let crew = Arc::new(Crew::new());
        let write = |id: u32| {
            let (desk, crew) = (Arc::clone(&desk), Arc::clone(&crew));
            move || {
                let semaphore = Semaphore(&desk.fields[0].lock);
                semaphore.acquire(&crew.member(id), id, Wait::Forever).expect("it waits for ever");
                let word = id as usize - 1;
                let (version, _) = desk.newest(0);
                desk.begin(0, version, Change::Words(word..word + 1)).publish();
                semaphore.release(id);
            }
        };
        let other = thread::spawn(write(2));
        let reader = thread::spawn({
            let desk = Arc::clone(&desk);
            move || {
                if let Some((version, value)) = desk.read(0) {
                    let published = value.iter().filter(|word| **word > 1).count();
                    assert_eq!(published as u64, version - 1, "mixed value {value:?}");
                    assert_eq!(value.iter().max(), Some(&version), "mixed value {value:?}");
                }
            }
        });
        write(1)();
        other.join().unwrap();
        reader.join().unwrap();
        let (version, value) = desk.newest(0);
        assert_eq!((version, value[0] + value[1]), (3, 5), "an update is lost");
    })
}

#[test]
fn two_writers_lose_nothing() {
    let model = two_writers().preempted_at_most(2);
    model.passes();
    model.catches("semaphore-relaxed-acquire", "Causality violation");
    model.catches("semaphore-relaxed-release", "Causality violation");
}
