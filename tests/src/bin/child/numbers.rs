//! The operations on single numbers of atomic fields, and the racy ones on many.

use std::fmt::Debug;

use shma_core::{Atomic, AtomicElement, AtomicInteger, AtomicNumber, Shm, ShmState};
use shma_tests::counters::Counters;
use shma_tests::notes::Notes;
use shma_tests::rng::Rng;

use crate::{say, start, until_told};

/// Does the same with the single numbers of all kinds, or with the arrays of all kinds.
macro_rules! each {
    ($counters:ident: single |$field:ident, $number:ident| $do:expr) => {{
        each!(@ $field, $number, $do, $counters.u32, u32);
        each!(@ $field, $number, $do, $counters.u64, u64);
        each!(@ $field, $number, $do, $counters.i32, i32);
        each!(@ $field, $number, $do, $counters.i64, i64);
        each!(@ $field, $number, $do, $counters.f32, f32);
        each!(@ $field, $number, $do, $counters.f64, f64);
    }};
    ($counters:ident: arrays |$field:ident, $number:ident| $do:expr) => {{
        each!(@ $field, $number, $do, $counters.u32s, u32);
        each!(@ $field, $number, $do, $counters.u64s, u64);
        each!(@ $field, $number, $do, $counters.i32s, i32);
        each!(@ $field, $number, $do, $counters.i64s, i64);
        each!(@ $field, $number, $do, $counters.f32s, f32);
        each!(@ $field, $number, $do, $counters.f64s, f64);
    }};
    (@ $field:ident, $number:ident, $do:expr, $of:expr, $kind:ty) => {{
        let ($field, $number) = (&$of, |number: usize| number as $kind);
        $do;
    }};
}

/// Subtracts from every number of every kind: 1 from the single ones, `i + 1` from element `i`.
pub fn subtract(name: &str, times: u64) {
    let counters = Counters::open(name).unwrap();
    start();
    for _ in 0..times {
        each!(counters: single |field, number| field.fetch_sub(number(1)));
        each!(counters: arrays |field, number| {
            (0..37).for_each(|i| _ = field.fetch_sub(i, number(i + 1)))
        });
    }
    say("done");
}

/// Adds 1 to every number of every kind so often, by loops of compare-exchanges.
pub fn exchange(name: &str, times: u64) {
    let counters = Counters::open(name).unwrap();
    start();
    for _ in 0..times {
        each!(counters: single |field, number| {
            let mut seen = field.get();
            while let Err(other) = field.compare_exchange(seen, seen + number(1)) {
                seen = other;
            }
        });
        each!(counters: arrays |field, number| for i in 0..37 {
            let mut seen = field.get(i);
            while let Err(other) = field.compare_exchange(i, seen, seen + number(1)) {
                seen = other;
            }
        });
    }
    say("done");
}

/// Claims every element that it finds free, and says how many it has got.
pub fn claim(name: &str, mark: usize) {
    let counters = Counters::open(name).unwrap();
    let mut claimed = 0;
    start();
    each!(counters: arrays |field, number| for i in 0..37 {
        claimed += u32::from(field.compare_exchange(i, number(0), number(mark)).is_ok());
    });
    say(&format!("{claimed} claimed"));
}

/// Exchanges the token in its hand for that of another element, again and again, and says which one
/// it has at the end.
pub fn trade(name: &str, token: u64) {
    let counters = Counters::open(name).unwrap();
    let mut rng = Rng::new(token);
    let (mut long, mut short, mut double) = (token, token as u32, token as f64);
    until_told(|_| {
        long = counters.u64s.swap(rng.below(37), long);
        short = counters.u32s.swap(rng.below(37), short);
        double = counters.f64s.swap(rng.below(37), double);
    });
    say(&format!("{long} {short} {double}"));
}

/// As `trade`, with the first four of the long ones only, and never comes to an end: it is killed.
pub fn trade_for_ever(name: &str, token: u64) {
    let counters = Counters::open(name).unwrap();
    let (mut rng, mut token) = (Rng::new(token), token);
    loop {
        token = counters.u64s.swap(rng.below(4), token);
    }
}

/// Sets, flips and clears one bit of all integers, which no other process does, and says how often it
/// was not as it had left it.
pub fn flip(name: &str, bit: u32, times: u64) {
    let counters = Counters::open(name).unwrap();
    start();
    let mut changed = 0;
    for _ in 0..times {
        changed += flip_one(&counters.u32, 1 << bit, !(1 << bit));
        changed += flip_one(&counters.u64, 1 << bit, !(1 << bit));
        changed += flip_one(&counters.i32, 1 << bit, !(1 << bit));
        changed += flip_one(&counters.i64, 1 << bit, !(1 << bit));
        changed += flip_each(&counters.u32s, 1 << bit, !(1 << bit));
        changed += flip_each(&counters.u64s, 1 << bit, !(1 << bit));
        changed += flip_each(&counters.i32s, 1 << bit, !(1 << bit));
        changed += flip_each(&counters.i64s, 1 << bit, !(1 << bit));
    }
    say(&format!("{changed} changed"));
}

fn flip_one<S>(field: &Atomic<S>, bit: S, others: S) -> u32
where
    S: AtomicInteger + AtomicElement + std::ops::BitAnd<Output = S> + PartialEq,
{
    let was_set =
        [field.fetch_or(bit), field.fetch_xor(bit), field.fetch_or(bit), field.fetch_and(others)]
            .map(|before| before & bit == bit);
    u32::from(was_set != [false, true, false, true])
}

fn flip_each<S, const N: usize>(field: &Atomic<[S; N]>, bit: S, others: S) -> u32
where
    S: AtomicInteger + AtomicElement + std::ops::BitAnd<Output = S> + PartialEq,
{
    let flip = |i| {
        let before = [
            field.fetch_or(i, bit),
            field.fetch_xor(i, bit),
            field.fetch_or(i, bit),
            field.fetch_and(i, others),
        ];
        u32::from(before.map(|before| before & bit == bit) != [false, true, false, true])
    };
    (0..N).map(flip).sum()
}

/// Adds to a part of the arrays that no other process adds to, without compare-exchange.
pub fn add_own(name: &str, first: usize, end: usize, times: u64) {
    let counters = Counters::open(name).unwrap();
    start();
    for _ in 0..times {
        each!(counters: arrays |field, number| {
            let values: Vec<_> = (first..end).map(|i| number(i + 1)).collect();
            field.add_range_racy(first..end, &values);
        });
    }
    say("done");
}

/// Numbers of which every bit pattern that occurs has two halves that agree; see [`agree`].
pub fn race(name: &str, how: &str) {
    let counters = Counters::open(name).unwrap();
    let turns = until_told(|turn| {
        race_in(&counters, how, turn);
        // Nothing may grow beyond what the halves can hold. Each array is looked at by itself: a racy
        // addition may undo what another process has just set.
        const MOST: u16 = 20_000;
        for i in 0..37 {
            if counters.u32s.get(i) as u16 > MOST {
                counters.u32s.set(i, 0);
            }
            if counters.i32s.get(i) as u16 > MOST {
                counters.i32s.set(i, 0);
            }
            if counters.f64s.get(i) > 1e6 * 4_294_967_297.0 {
                counters.f64s.set(i, 0.0);
            }
        }
    });
    say(&format!("{turns} turns"));
}

fn race_in(counters: &Shm<Counters>, how: &str, turn: u64) {
    let step = 1 + turn as usize % 3;
    race_one(&counters.u32s, (step * 0x0001_0001) as u32, how);
    race_one(&counters.i32s, (step * 0x0001_0001) as i32, how);
    race_one(&counters.u64s, step as u64 * 0x0000_0001_0000_0001, how);
    race_one(&counters.i64s, step as i64 * 0x0000_0001_0000_0001, how);
    // All of these are integers, and exact.
    race_one(&counters.f64s, (step as u64 * 0x0000_0001_0000_0001) as f64, how);
    let small = counters.f32s.get(turn as usize % 37) < 2_000.0 * 4_097.0;
    if small {
        race_one(&counters.f32s, (step * 4_097) as f32, how);
    } else {
        counters.f32s.update_with_racy(&[0.0; 37], |new, _| new);
    }
}

fn race_one<S>(field: &Atomic<[S; 37]>, step: S, how: &str)
where
    S: AtomicNumber + AtomicElement + std::ops::Add<Output = S>,
{
    match how {
        "add_racy" => field.add_racy(&[step; 37]),
        "add_range_racy" => {
            field.add_range_racy(1..36, &[step; 35]);
            field.add_range_racy(3..=20, &[step; 18]);
        }
        "update_with_racy" => field.update_with_racy(&[step; 37], |new, old| new + old),
        "add" => field.add(&[step; 37]),
        other => panic!("no way of racing is called {other}"),
    }
}

/// Whether the halves of every number are as [`race`] makes them.
pub fn agree(copy: &Counters) -> Result<(), String> {
    fn all<N: Copy + Debug>(
        kind: &str,
        numbers: &[N],
        agree: impl Fn(N) -> bool,
    ) -> Result<(), String> {
        let torn = numbers.iter().find(|number| !agree(**number));
        torn.map_or(Ok(()), |number| Err(format!("{kind}: {number:x?}")))
    }
    let halves = |n: u32| n >> 16 == n & 0xffff;
    let long_halves = |n: u64| n >> 32 == n & 0xffff_ffff;
    all("u32", &copy.u32s, halves)?;
    all("i32", &copy.i32s, |n| halves(n as u32))?;
    all("u64", &copy.u64s, long_halves)?;
    all("i64", &copy.i64s, |n| long_halves(n as u64))?;
    all("f64", &copy.f64s.map(|n| n as u64), long_halves)?;
    all("f32", &copy.f32s, |n| n >= 0.0 && n % 4_097.0 == 0.0)
}

/// Looks for a number whose halves disagree, by copies of all and one by one, until it has seen so
/// many values.
pub fn watch(name: &str, values: u64) {
    let seen = Counters::open_read_only(name).unwrap();
    let mut copy = Counters::zeroed();
    let mut last = 0;
    let mut left = values;
    while left > 0 {
        seen.u32s.read_into(&mut copy.u32s);
        seen.i32s.read_into(&mut copy.i32s);
        seen.u64s.read_into(&mut copy.u64s);
        seen.i64s.read_into(&mut copy.i64s);
        seen.f32s.read_into(&mut copy.f32s);
        seen.f64s.read_into(&mut copy.f64s);
        if let Err(torn) = agree(&copy) {
            panic!("torn {torn}");
        }
        for i in 0..37 {
            copy.u64s[i] = seen.u64s.get(i);
            copy.f64s[i] = seen.f64s.get(i);
        }
        if let Err(torn) = agree(&copy) {
            panic!("torn {torn}");
        }
        left -= u64::from(copy.u64s[36] != last);
        last = copy.u64s[36];
    }
    say("none is torn");
}

/// Adds to its own part and to all of some arrays for ever, without compare-exchange, and notes each
/// call before it makes it. It is killed.
pub fn add_for_ever(name: &str, notes: &str, part: usize) {
    let counters = Counters::open(name).unwrap();
    let notes = Notes::open(notes);
    let own = part * 9..part * 9 + 9;
    for call in notes.read(part) + 1.. {
        notes.note(part, call);
        counters.u64s.add_range_racy(own.clone(), &[0x0000_0001_0000_0001; 9]);
        counters.f64.update_with_racy(&4_294_967_297.0, |new, old| (old + new) % 4_294_967_297e5);
        counters.i64s.add_racy(&[0x0000_0001_0000_0001; 37]);
    }
}
