//! Two processes that answer each other's publications, in every way of publishing.

use std::time::{Duration, Instant};

use shma_core::{Shm, ShmState, Version};

use crate::rng::Rng;
use crate::watchdog::PATIENCE;

/// What they publish to: each field once for him who serves, and once for him who answers.
#[derive(Debug, ShmState)]
pub struct PingPong {
    pub fields: [[u64; 3]; 1],
    pub fields_back: [[u64; 3]; 1],
    #[shm(atomic)]
    pub arrays: [u64; 3],
    #[shm(atomic)]
    pub arrays_back: [u64; 3],
    #[shm(atomic)]
    pub numbers: i32,
    #[shm(atomic)]
    pub numbers_back: i32,
    /// When the latest publication was about to be made, in nanoseconds of the monotonic clock.
    #[shm(atomic)]
    pub stamp: u64,
}

/// The ways of publishing: of an ordinary field, of an atomic array, of an atomic number.
const WAYS: [&str; 30] = [
    "field transaction",
    "field update_range",
    "field set",
    "field write",
    "array set",
    "array fetch_add",
    "array fetch_max",
    "array fetch_min",
    "array add",
    "array add_range",
    "array update_with",
    "array fetch_sub",
    "array swap",
    "array compare_exchange",
    "array fetch_and",
    "array fetch_or",
    "array fetch_xor",
    "array add_racy",
    "array add_range_racy",
    "array update_with_racy",
    "number set",
    "number fetch_add",
    "number fetch_max",
    "number fetch_min",
    "number update_with",
    "number fetch_sub",
    "number swap",
    "number compare_exchange",
    "number fetch_or",
    "number add_racy",
];

/// Who plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Serves,
    Answers,
}

/// Publishes once. What is stored may be what is there: it counts all the same.
fn publish(ping_pong: &Shm<PingPong>, side: Side, way: &str, number: u64) {
    ping_pong.stamp.set(monotonic_nanos());
    let serves = side == Side::Serves;
    let field = if serves { &ping_pong.fields } else { &ping_pong.fields_back };
    let array = if serves { &ping_pong.arrays } else { &ping_pong.arrays_back };
    let scalar = if serves { &ping_pong.numbers } else { &ping_pong.numbers_back };
    match way {
        "field transaction" => ping_pong.transaction(|new, _| {
            let field = if serves { new.fields } else { new.fields_back };
            field[0][1] = number;
        }),
        "field update_range" => field.update_range(..1, |new, _| new[0][0] = number),
        "field set" => _ = field.set(0, [number; 3]),
        "field write" => _ = field.write(&[[number; 3]]),
        "array set" => array.set(2, number),
        "array fetch_add" => _ = array.fetch_add(0, 1),
        "array fetch_max" => _ = array.fetch_max(1, number),
        "array fetch_min" => _ = array.fetch_min(1, number),
        "array add" => array.add(&[1; 3]),
        "array add_range" => array.add_range(1..=1, &[1]),
        "array update_with" => array.update_with(&[1; 3], |new, _| new),
        "array fetch_sub" => _ = array.fetch_sub(0, 1),
        "array swap" => _ = array.swap(2, number),
        "array compare_exchange" => _ = array.compare_exchange(1, array.get(1), number).unwrap(),
        "array fetch_and" => _ = array.fetch_and(0, number),
        "array fetch_or" => _ = array.fetch_or(0, number),
        "array fetch_xor" => _ = array.fetch_xor(0, number),
        "array add_racy" => array.add_racy(&[1; 3]),
        "array add_range_racy" => array.add_range_racy(1..=1, &[1]),
        "array update_with_racy" => array.update_with_racy(&[1; 3], |new, _| new),
        "number set" => scalar.set(5),
        "number fetch_add" => _ = scalar.fetch_add(1),
        "number fetch_max" => _ = scalar.fetch_max(5),
        "number fetch_min" => _ = scalar.fetch_min(5),
        "number update_with" => scalar.update_with(&5, |new, _| new),
        "number fetch_sub" => _ = scalar.fetch_sub(1),
        "number swap" => _ = scalar.swap(5),
        "number compare_exchange" => _ = scalar.compare_exchange(scalar.get(), 6).unwrap(),
        "number fetch_or" => _ = scalar.fetch_or(5),
        "number add_racy" => scalar.add_racy(&5),
        other => panic!("no way of publishing is called {other}"),
    }
}

/// What waits on one side: where the other one publishes, and how far it has been followed.
#[derive(Debug)]
pub struct Player<'a> {
    ping_pong: &'a Shm<PingPong>,
    side: Side,
    seen: [Version; 3],
    rng: Rng,
    /// Waits that were ended by nothing but the end of a slice of sleep.
    pub overslept: u64,
}

impl<'a> Player<'a> {
    /// Before anything is published by the other side.
    pub fn new(ping_pong: &'a Shm<PingPong>, side: Side) -> Self {
        let seen = match side {
            Side::Answers => [
                ping_pong.fields.version(),
                ping_pong.arrays.version(),
                ping_pong.numbers.version(),
            ],
            Side::Serves => [
                ping_pong.fields_back.version(),
                ping_pong.arrays_back.version(),
                ping_pong.numbers_back.version(),
            ],
        };
        Self { ping_pong, side, seen, rng: Rng::new(1), overslept: 0 }
    }

    /// Plays so many rounds in every way.
    pub fn play(&mut self, rounds: u64) {
        for way in WAYS {
            for round in 1..=rounds {
                if self.side == Side::Answers {
                    self.wait(way);
                }
                self.dawdle();
                publish(self.ping_pong, self.side, way, round);
                if self.side == Side::Serves {
                    self.wait(way);
                }
            }
        }
    }

    /// Takes a random while, awake: sometimes the other one sleeps already, and sometimes not yet.
    fn dawdle(&mut self) {
        let end = Instant::now() + Duration::from_micros(self.rng.below(40) as u64);
        while Instant::now() < end {
            std::hint::spin_loop();
        }
    }

    fn wait(&mut self, way: &str) {
        let (kind, since) = match way.split(' ').next() {
            Some("field") => (0, self.seen[0]),
            Some("array") => (1, self.seen[1]),
            _ => (2, self.seen[2]),
        };
        let starved = starved_nanos();
        let newer = self.wait_newer(kind, since);
        let late = monotonic_nanos().saturating_sub(self.ping_pong.stamp.get());
        let starved = starved_nanos() - starved;
        // A slice is 100 ms. What the thread has spent runnable, but not running, is no sleep.
        if late.saturating_sub(starved) >= 90_000_000 {
            self.overslept += 1;
        }
        assert_eq!(u64::from(newer), u64::from(since) + 1, "{way}: one publication, one count");
        self.seen[kind] = newer;
    }

    fn wait_newer(&self, kind: usize, since: Version) -> Version {
        let ping_pong = self.ping_pong;
        let newer = match (kind, self.side) {
            (0, Side::Answers) => ping_pong.fields.wait_newer(since, PATIENCE),
            (0, Side::Serves) => ping_pong.fields_back.wait_newer(since, PATIENCE),
            (1, Side::Answers) => ping_pong.arrays.wait_newer(since, PATIENCE),
            (1, Side::Serves) => ping_pong.arrays_back.wait_newer(since, PATIENCE),
            (_, Side::Answers) => ping_pong.numbers.wait_newer(since, PATIENCE),
            (_, Side::Serves) => ping_pong.numbers_back.wait_newer(since, PATIENCE),
        };
        newer.unwrap()
    }
}

/// The clock that all processes share.
fn monotonic_nanos() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// How long this thread has waited for a processor.
fn starved_nanos() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').nth(1).and_then(|nanos| nanos.parse().ok()).unwrap_or(0)
}
