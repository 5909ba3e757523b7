//! The abstract machine allows what C11 allows, and forbids what C11 forbids.

use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use shma_explorer::outcomes::{Outcomes, outcomes, process};
use shma_explorer::{Machine, Program, Register, Words};

/// `x = 1; y = 1` beside a reader of y, then x: gives the pairs (y, x).
fn message_passing(
    write: impl FnOnce(&mut Program, Words, Words),
    read: impl FnOnce(&mut Program, Register, Register, Words, Words),
) -> Outcomes {
    let mut machine = Machine::new();
    let (x, y) = (machine.word("x", 0), machine.word("y", 0));
    let mut writer = Program::new("writer");
    write(&mut writer, x, y);
    machine.run(writer);
    let mut reader = Program::new("reader");
    let (flag, data) = (reader.kept_register("flag"), reader.kept_register("data"));
    read(&mut reader, flag, data, x, y);
    let reader = machine.run(reader);
    outcomes(machine, vec![(reader, flag), (reader, data)], vec![])
}

fn store_both(order: Ordering) -> impl FnOnce(&mut Program, Words, Words) {
    move |p, x, y| {
        p.store(x, 1, Relaxed);
        p.store(y, 1, order);
    }
}

fn load_both(order: Ordering) -> impl FnOnce(&mut Program, Register, Register, Words, Words) {
    move |p, flag, data, x, y| {
        p.load(flag, y, order);
        p.load(data, x, Relaxed);
    }
}

#[test]
fn a_message_passes_only_by_release_and_acquire() {
    let stale = vec![1, 0];
    assert!(message_passing(store_both(Relaxed), load_both(Relaxed)).contains(&stale));
    assert!(message_passing(store_both(Release), load_both(Relaxed)).contains(&stale));
    assert!(message_passing(store_both(Relaxed), load_both(Acquire)).contains(&stale));
    let good = message_passing(store_both(Release), load_both(Acquire));
    assert_eq!(good, Outcomes::from([vec![0, 0], vec![0, 1], vec![1, 1]]));
}

#[test]
fn fences_do_what_ordered_accesses_do() {
    let stale = vec![1, 0];
    let write_fenced = |p: &mut Program, x: Words, y: Words| {
        p.store(x, 1, Relaxed);
        p.fence(Release);
        p.store(y, 1, Relaxed);
    };
    let read_fenced = |p: &mut Program, flag: Register, data: Register, x: Words, y: Words| {
        p.load(flag, y, Relaxed);
        p.fence(Acquire);
        p.load(data, x, Relaxed);
    };
    assert!(!message_passing(write_fenced, read_fenced).contains(&stale));
    assert!(!message_passing(write_fenced, load_both(Acquire)).contains(&stale));
    assert!(!message_passing(store_both(Release), read_fenced).contains(&stale));
    assert!(message_passing(write_fenced, load_both(Relaxed)).contains(&stale));
    assert!(message_passing(store_both(Relaxed), read_fenced).contains(&stale));
}

/// A relaxed store by the same thread ends a release sequence (C++20), a read-modify-write by
/// another process goes on with it.
#[test]
fn a_release_sequence_goes_on_through_read_modify_writes_only() {
    let stale = vec![2, 0];
    let overwritten = |p: &mut Program, x: Words, y: Words| {
        p.store(x, 1, Relaxed);
        p.store(y, 1, Release);
        p.store(y, 2, Relaxed);
    };
    let added_to = |p: &mut Program, x: Words, y: Words| {
        let old = p.register("old");
        p.store(x, 1, Relaxed);
        p.store(y, 1, Release);
        p.fetch_add(old, y, 1, Relaxed);
    };
    assert!(message_passing(overwritten, load_both(Acquire)).contains(&stale));
    assert!(!message_passing(added_to, load_both(Acquire)).contains(&stale));
}

/// Each of two processes stores one word and loads the other.
fn store_buffering(fenced: bool) -> Outcomes {
    let mut machine = Machine::new();
    let (x, y) = (machine.word("x", 0), machine.word("y", 0));
    let sides = [(x, y), (y, x)].map(|(mine, other)| {
        process(&mut machine, "side", |p, result| {
            p.store(mine, 1, Relaxed);
            if fenced {
                p.fence(SeqCst);
            }
            p.load(result, other, Relaxed);
        })
    });
    outcomes(machine, sides.to_vec(), vec![])
}

#[test]
fn stores_are_buffered_unless_fenced() {
    assert!(store_buffering(false).contains(&vec![0, 0]));
    assert!(!store_buffering(true).contains(&vec![0, 0]));
}

/// Two writers of one word each, two readers of both in opposite order.
fn independent_reads(order: Ordering, fence: Option<Ordering>) -> bool {
    let mut machine = Machine::new();
    let (x, y) = (machine.word("x", 0), machine.word("y", 0));
    for word in [x, y] {
        process(&mut machine, "writer", |p, _| p.store(word, 1, Release));
    }
    let readers = [(x, y), (y, x)].map(|(first, second)| {
        process(&mut machine, "reader", |p, result| {
            let (a, b) = (p.register("a"), p.register("b"));
            p.load(a, first, order);
            if let Some(fence) = fence {
                p.fence(fence);
            }
            p.load(b, second, order);
            p.set(result, a * 2 + b);
        })
    });
    outcomes(machine, readers.to_vec(), vec![]).contains(&vec![2, 2])
}

#[test]
fn readers_agree_on_an_order_only_through_total_fences() {
    assert!(independent_reads(Acquire, None));
    assert!(independent_reads(Acquire, Some(Acquire)));
    assert!(!independent_reads(Relaxed, Some(SeqCst)));
}

#[test]
fn one_word_is_never_read_backwards() {
    let mut machine = Machine::new();
    let x = machine.word("x", 0);
    process(&mut machine, "writer", |p, _| {
        p.store(x, 1, Relaxed);
        p.store(x, 2, Relaxed);
    });
    let reader = process(&mut machine, "reader", |p, result| {
        let (a, b) = (p.register("a"), p.register("b"));
        p.load(a, x, Relaxed);
        p.load(b, x, Relaxed);
        p.set(result, a * 4 + b);
    });
    let all = outcomes(machine, vec![reader], vec![]);
    let forward = [0, 1, 2, 4 + 1, 4 + 2, 8 + 2];
    assert_eq!(all, forward.into_iter().map(|pair| vec![pair]).collect());
}

/// A later store of one process may come first in the order of another's word.
#[test]
fn blind_stores_find_any_place_in_the_order() {
    let mut machine = Machine::new();
    let (x, y) = (machine.word("x", 0), machine.word("y", 0));
    for (first, second) in [(x, y), (y, x)] {
        process(&mut machine, "writer", |p, _| {
            p.store(first, 1, Relaxed);
            p.store(second, 2, Relaxed);
        });
    }
    assert!(outcomes(machine, vec![], vec![x, y]).contains(&vec![1, 1]));
}

/// The known limit of the machine: a load never sees what comes later in program order.
#[test]
fn load_buffering_is_not_expressed() {
    let mut machine = Machine::new();
    let (x, y) = (machine.word("x", 0), machine.word("y", 0));
    let sides = [(x, y), (y, x)].map(|(mine, other)| {
        process(&mut machine, "side", |p, result| {
            p.load(result, other, Relaxed);
            p.store(mine, 1, Relaxed);
        })
    });
    assert!(!outcomes(machine, sides.to_vec(), vec![]).contains(&vec![1, 1]));
}

#[test]
fn read_modify_writes_lose_nothing() {
    let mut machine = Machine::new();
    let x = machine.word("x", 0);
    for _ in 0..3 {
        process(&mut machine, "adder", |p, old| p.fetch_add(old, x, 1, Relaxed));
    }
    assert_eq!(outcomes(machine, vec![], vec![x]), Outcomes::from([vec![3]]));
}

/// A compare-exchange that fails is a load, and may have read an old value; one that reads what it
/// expects takes it from no other.
#[test]
fn a_failed_exchange_may_have_seen_an_old_value() {
    let mut machine = Machine::new();
    let x = machine.word("x", 0);
    process(&mut machine, "writer", |p, _| {
        p.store(x, 1, Relaxed);
        p.store(x, 2, Relaxed);
    });
    let late = process(&mut machine, "late", |p, seen| {
        p.compare_exchange(seen, x, 2, 3, AcqRel);
    });
    let all = outcomes(machine, vec![late], vec![x]);
    assert_eq!(all, Outcomes::from([vec![0, 2], vec![1, 2], vec![2, 3]]));
}
