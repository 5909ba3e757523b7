//! The abstract machine itself: it must allow what C11 allows, forbid what C11 forbids, and never
//! pass for a proof what is none.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::sync::{Arc, Mutex};

use shma_tests::explorer::{
    Compare, Failure, Machine, Process, Program, Register, Status, Word, Words,
};

type Outcomes = BTreeSet<Vec<Word>>;

/// All values that the registers, and then the words, can end with.
fn outcomes(
    mut machine: Machine,
    registers: Vec<(Process, Register)>,
    words: Vec<Words>,
) -> Outcomes {
    let seen = Arc::new(Mutex::new(Outcomes::new()));
    let into = Arc::clone(&seen);
    machine.finally(move |end| {
        let of_registers = registers.iter().map(|(process, r)| end.register(*process, *r));
        let of_words = words.iter().map(|word| end.latest(*word, 0));
        into.lock().unwrap().insert(of_registers.chain(of_words).collect());
        Ok(())
    });
    machine.explore().unwrap_or_else(|failure| panic!("{failure}"));
    let outcomes = seen.lock().unwrap().clone();
    outcomes
}

/// A process that runs `body` and keeps one register for its result.
fn process(
    machine: &mut Machine,
    name: &str,
    body: impl FnOnce(&mut Program, Register),
) -> (Process, Register) {
    let mut p = Program::new(name);
    let result = p.kept_register("result");
    body(&mut p, result);
    (machine.run(p), result)
}

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
/// anybody goes on with it.
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
/// expects takes it from nobody else.
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

/// What a killed process did is known to who asked the kernel for it, and acquires.
fn what_the_dead_wrote(acquires: bool) -> Outcomes {
    let mut machine = Machine::new();
    let (token, x) = (machine.word("token", 1), machine.word("x", 0));
    machine.kills(1);
    process(&mut machine, "victim", |p, dummy| {
        p.dies_with(token);
        p.store(x, 1, Relaxed);
        p.load(dummy, x, Relaxed);
    });
    let heir = process(&mut machine, "heir", |p, result| {
        let (before, alive, now) = (p.register("before"), p.register("alive"), p.register("now"));
        p.load(before, x, Relaxed);
        p.load_latest(alive, token, Relaxed);
        if acquires {
            p.fence(Acquire);
        }
        p.load(now, x, Relaxed);
        p.set(result, alive * 4 + before * 2 + now);
    });
    outcomes(machine, vec![heir], vec![x])
}

#[test]
fn the_kernel_hands_on_what_the_dead_wrote() {
    // x is 1 at the end, its writer is dead, and the heir does not see it.
    assert!(what_the_dead_wrote(false).contains(&vec![0, 1]));
    let good = what_the_dead_wrote(true);
    // Killed before the store; or after it, and seen.
    assert!(good.contains(&vec![0, 0]));
    assert!(good.contains(&vec![1, 1]));
    // Not seen because the question came before the death only.
    assert!(good.contains(&vec![4, 1]));
}

/// A sleeper that checks, and then sleeps whatever the word says now, can be left behind.
fn sleeper_is_left_behind(compares: bool) -> bool {
    let mut machine = Machine::new();
    let bell = machine.word("bell", 0);
    process(&mut machine, "waker", |p, old| {
        p.swap(old, bell, 1, Release);
        p.wake_all(bell);
    });
    let (sleeper, _) = process(&mut machine, "sleeper", |p, rung| {
        p.load(rung, bell, Acquire);
        p.end_if(rung);
        if compares {
            p.sleep(bell, 0);
        } else {
            p.load_latest(rung, bell, Relaxed);
            p.sleep(bell, rung);
        }
    });
    machine.finally(move |end| match end.status(sleeper) {
        Status::Done => Ok(()),
        status => Err(format!("the sleeper is {status:?}")),
    });
    machine.explore().is_err()
}

#[test]
fn a_sleeper_that_compares_is_never_left_behind() {
    assert!(!sleeper_is_left_behind(true));
    assert!(sleeper_is_left_behind(false));
}

#[test]
fn reaching_the_limit_is_a_failure() {
    let mut machine = Machine::new();
    let x = machine.word("x", 0);
    for _ in 0..3 {
        process(&mut machine, "adder", |p, old| p.fetch_add(old, x, 1, Relaxed));
    }
    machine.limit(5);
    assert!(matches!(machine.explore(), Err(Failure::TooManyStates(5))));
}

#[test]
fn a_broken_property_comes_with_the_steps_that_break_it() {
    let mut machine = Machine::new();
    let x = machine.word("x", 0);
    machine.never_decreases(x);
    process(&mut machine, "up", |p, _| p.store(x, 2, Relaxed));
    process(&mut machine, "down", |p, _| {
        p.step("the fault");
        p.store(x, 1, Relaxed);
    });
    let Err(Failure::Broken { what, trace, .. }) = machine.explore_nearest_first() else {
        panic!("the store of a smaller value was not noticed");
    };
    assert!(what.contains("x goes back from 2 to 1"), "{what}");
    assert_eq!(trace.len(), 2, "{trace}");
    let text = trace.to_string();
    assert!(text.contains("the fault") && text.contains("x := 1"), "{text}");
}

#[test]
fn what_no_execution_comes_to_is_said() {
    let mut machine = Machine::new();
    let x = machine.word("x", 0);
    process(&mut machine, "reader", |p, seen| {
        p.load(seen, x, Relaxed);
        p.when(seen.is(7), |p| p.store(x, 8, Relaxed));
    });
    let explored = machine.explore().unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(explored.unreached.len(), 1, "{:?}", explored.unreached);
}

/// Small pseudo-random programs end the same with and without reduction.
#[test]
fn reduction_changes_no_outcome() {
    for seed in 1..=300 {
        let run = |reduced: bool| {
            let mut random = Random(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
            let mut machine = Machine::new();
            let words = ["x", "y", "z"].map(|name| machine.word(name, 0));
            let token = machine.word("token", 1);
            machine.kills(u8::from(random.below(2) == 0));
            let results: Vec<_> =
                (0..3).map(|at| random_process(&mut machine, &mut random, words, token, at)).collect();
            if !reduced {
                machine.without_reduction();
            }
            outcomes(machine, results, words.to_vec())
        };
        assert_eq!(run(true), run(false), "seed {seed}");
    }
}

fn random_process(
    machine: &mut Machine,
    random: &mut Random,
    words: [Words; 3],
    token: Words,
    number: Word,
) -> (Process, Register) {
    let mut p = Program::new("random");
    let result = p.kept_register("result");
    let seen = p.register("seen");
    if number == 0 {
        p.dies_with(token);
    }
    for _ in 0..3 + random.below(2) {
        let word = words[random.below(3)];
        let read = [Relaxed, Acquire][random.below(2)];
        let write = [Relaxed, Release][random.below(2)];
        let both = [Relaxed, Acquire, Release, AcqRel][random.below(4)];
        match random.below(8) {
            0 | 1 => p.load(seen, word, read),
            2 | 3 => p.store(word, number + 1, write),
            4 => p.compare_exchange(seen, word, random.below(2) as Word, number + 4, both),
            5 => p.swap(seen, word, number + 7, both),
            6 => p.fence([Acquire, Release, SeqCst][random.below(3)]),
            _ => p.load_latest(seen, token, read),
        }
        p.set(result, result * 5 + seen);
    }
    (machine.run(p), result)
}

/// xorshift64
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % end
    }
}
