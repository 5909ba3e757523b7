//! Processes that count, and that are killed while they do.

use shma_core::{Atomic, AtomicElement, AtomicNumber, ShmState};
use shma_tests::counters::Counters;
use shma_tests::notes::Notes;
use shma_tests::ping_pong::{PingPong, Player, Side};
use shma_tests::rng::Rng;

use crate::{say, start, until_told};

/// Adds to every number of every kind, in one of the ways that there are. The single ones get 1,
/// the first of an array 1, the second 2, and so on.
pub fn count(name: &str, how: &str, times: u64) {
    let counters = Counters::open(name).unwrap();
    start();
    for _ in 0..times {
        add_one(&counters.u32, 1, u32::wrapping_add, how);
        add_one(&counters.u64, 1, u64::wrapping_add, how);
        add_one(&counters.i32, 1, i32::wrapping_add, how);
        add_one(&counters.i64, 1, i64::wrapping_add, how);
        add_one(&counters.f32, 1.0, |a, b| a + b, how);
        add_one(&counters.f64, 1.0, |a, b| a + b, how);
        add_each(&counters.u32s, |i| i as u32, u32::wrapping_add, how);
        add_each(&counters.u64s, |i| i as u64, u64::wrapping_add, how);
        add_each(&counters.i32s, |i| i as i32, i32::wrapping_add, how);
        add_each(&counters.i64s, |i| i as i64, i64::wrapping_add, how);
        add_each(&counters.f32s, |i| i as f32, |a, b| a + b, how);
        add_each(&counters.f64s, |i| i as f64, |a, b| a + b, how);
    }
    say("done");
}

fn add_one<S>(field: &Atomic<S>, one: S, plus: impl Fn(S, S) -> S, how: &str)
where
    S: AtomicNumber + AtomicElement,
{
    match how {
        "update_with" => field.update_with(&one, plus),
        _ => _ = field.fetch_add(one),
    }
}

fn add_each<S, const N: usize>(
    field: &Atomic<[S; N]>,
    number: impl Fn(usize) -> S,
    plus: impl Fn(S, S) -> S,
    how: &str,
) where
    S: AtomicNumber + AtomicElement,
{
    let numbers = std::array::from_fn(|i| number(i + 1));
    match how {
        "fetch_add" => numbers.iter().enumerate().for_each(|(i, n)| _ = field.fetch_add(i, *n)),
        "add" => field.add(&numbers),
        "add_range" => {
            field.add_range(..N / 2, &numbers[..N / 2]);
            field.add_range(N / 2.., &numbers[N / 2..]);
        }
        "update_with" => field.update_with(&numbers, plus),
        other => panic!("no way of adding is called {other}"),
    }
}

/// Answers publications.
pub fn echo(name: &str, rounds: u64) {
    let ping_pong = PingPong::open(name).unwrap();
    let mut player = Player::new(&ping_pong, Side::Answers);
    say("ready");
    player.play(rounds);
    say(&format!("{} overslept", player.overslept));
}

/// Sets every other element of the small numbers, from the first one on, which no other process
/// does, and says how many of them were not what it had set.
pub fn own(name: &str, first: usize, times: u64) {
    let counters = Counters::open(name).unwrap();
    let mine = || (first..37).step_by(2);
    start();
    let mut changed = 0;
    for turn in 1..=times as u32 {
        for i in mine() {
            counters.u32s.set(i, turn);
            counters.i32s.set(i, turn as i32);
            counters.f32s.set(i, turn as f32);
        }
        for i in mine() {
            changed += u64::from(counters.u32s.get(i) != turn);
            changed += u64::from(counters.i32s.get(i) != turn as i32);
            changed += u64::from(counters.f32s.get(i) != turn as f32);
        }
    }
    say(&format!("{changed} changed"));
}

/// Replaces elements by eight, or four, equal bytes, without pause.
pub fn pattern(name: &str, how: &str) {
    let counters = Counters::open(name).unwrap();
    let mut rng = Rng::new(std::process::id().into());
    let turns = until_told(|turn| {
        let (at, byte) = (rng.below(37), rng.next_u64() as u8);
        let (whole, half) = (u64::from_ne_bytes([byte; 8]), u32::from_ne_bytes([byte; 4]));
        match how {
            "set" => {
                counters.u64s.set(at, whole);
                counters.u32s.set(at, half);
                counters.f64s.set(at, f64::from_bits(whole));
                counters.i64.set(whole as i64);
            }
            "update_with" => {
                counters.u64s.update_with(&[whole; 37], |new, _| new);
                counters.u32s.update_with(&[half; 37], |new, _| new);
                counters.f64s.update_with(&[f64::from_bits(whole); 37], |new, _| new);
                counters.i64.update_with(&(whole as i64), |new, _| new);
            }
            "extremes" if turn % 2 == 0 => {
                counters.u64s.fetch_max(at, whole);
                counters.u32s.fetch_max(at, half);
                counters.i64.fetch_max(whole as i64);
            }
            "extremes" => {
                counters.u64s.fetch_min(at, whole);
                counters.u32s.fetch_min(at, half);
                counters.i64.fetch_min(whole as i64);
            }
            other => panic!("no way of writing is called {other}"),
        }
    });
    say(&format!("{turns} turns"));
}

/// Counts up one element for ever, notes each call, and fills another with patterns. It is killed.
pub fn enter(name: &str, notes: &str, element: usize) {
    let counters = Counters::open(name).unwrap();
    let notes = Notes::open(notes);
    for byte in (0..=255).cycle() {
        let before = counters.u32s.fetch_add(element, 1);
        notes.note(element, u64::from(before) + 1);
        counters.u64s.set(element, u64::from_ne_bytes([byte; 8]));
    }
}
