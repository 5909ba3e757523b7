//! Counters that wrap. No test can publish 2^31 times, let alone 2^64; but a new region
//! holds the initial value in every slot, so its counters can be set to anything.

use std::collections::BTreeSet;
use std::time::Duration;

use shma_core::{Error, Field, ReadOnly, Shm, ShmState, Version};
use shma_tests::child;
use shma_tests::region::{Bytes, Name, control, header};
use shma_tests::states::{Board, Uniform, the_one};
use shma_tests::watchdog::{until, watched};

/// Sets a field's version as if so many publications of the initial value had been, and the wait
/// word close to its end.
fn set_version(bytes: &Bytes, partition: usize, version: u64) {
    for at in [control::VERSION, control::BEGIN, control::TARGET] {
        bytes.set(partition + at, &version.to_ne_bytes());
    }
    bytes.set(partition + control::NOTIFY, &(u32::MAX - 5).to_ne_bytes());
}

/// Three before 31 bits wrap, three before half a version does, and three before a whole one
/// does.
const STARTS: [u64; 3] = [(1 << 31) - 3, (1 << 32) - 3, u64::MAX - 2];

fn go_round(
    start: u64,
    writer: &Field<[u64; 512]>,
    reader: &Field<[u64; 512]>,
    seen: &Field<[u64; 512], ReadOnly>,
) {
    let mut value = [0; 512];
    for n in 1..=10 {
        let since = start.wrapping_add(n - 1);
        assert_eq!(u64::from(reader.version()), since);
        match n % 3 {
            0 => _ = writer.write(&[n; 512]),
            1 => writer.update(|new, old| {
                assert_eq!(the_one(old), n - 1);
                new.fill(n);
            }),
            _ => _ = writer.update_with(&[1; 512], |new, old| new + old),
        }
        let version = start.wrapping_add(n);
        assert_eq!(u64::from(reader.read_into(&mut value)), version);
        assert_eq!(the_one(&value), n);
        assert_eq!(the_one(&seen.read()), n);
        assert_eq!(u64::from(seen.try_read(&mut value).unwrap()), version);
        assert_eq!(u64::from(seen.version()), version);
    }
}

/// The active slot follows from the version, in any number of slots; where it wraps, a jump
/// would show an old value for a new one.
#[test]
fn versions_that_wrap_keep_their_slots() {
    watched(|| {
        for start in STARTS {
            let name = Name::new("round");
            let writer: Shm<Uniform<512>> = Uniform::create(&name, &Uniform::zeroed()).unwrap();
            let bytes = name.bytes();
            writer.manifest().fields.iter().for_each(|f| set_version(&bytes, f.offset, start));
            let reader: Shm<Uniform<512>> = Uniform::open(&name).unwrap();
            let seen: Shm<Uniform<512>, ReadOnly> = Uniform::open_read_only(&name).unwrap();
            go_round(start, &writer.words, &reader.words, &seen.words);
            go_round(start, &writer.narrow, &reader.narrow, &seen.narrow);
            go_round(start, &writer.wide, &reader.wide, &seen.wide);
        }
    });
}

/// A waiter has seen a large number and waits for a larger one, which is small.
#[test]
fn waiters_wake_where_a_version_wraps() {
    watched(|| {
        for start in STARTS {
            let name = Name::new("turn");
            let board = Board::create(&name, &Board::zeroed()).unwrap();
            let [count, ..] = Board::partitions();
            let bytes = name.bytes();
            set_version(&bytes, count, start);
            let mut waiter = child!("talk");
            waiter.order(&format!("open {name}"));
            let mut seen = child!("talk");
            seen.order(&format!("open-read-only {name}"));
            for n in 0..8 {
                let since = start.wrapping_add(n);
                for child in [&mut waiter, &mut seen] {
                    child.tell("wait 3600000");
                    child.expect(&format!("since {since}"));
                }
                until("the waiter sleeps", || bytes.has_sleepers(count));
                board.count.update(|new, old| *new = old + 1);
                waiter.expect(&since.wrapping_add(1).to_string());
                seen.expect(&since.wrapping_add(1).to_string());
            }
            let since = board.count.version();
            let none = board.count.wait_newer(since, Duration::from_millis(5));
            assert!(matches!(none, Err(Error::Timeout { .. })), "{none:?}");
            assert_eq!(board.count.read_newer(since, &mut 0), None);
            assert!(board.count.read_newer(Version::default(), &mut 0).is_some());
        }
    });
}

/// Writers of several processes go round together, one of them killed on the way.
#[test]
fn no_increment_is_lost_where_a_counter_wraps() {
    watched(|| {
        for start in STARTS {
            let name = Name::new("sum");
            let board = Board::create(&name, &Board::zeroed()).unwrap();
            let [count, ..] = Board::partitions();
            set_version(&name.bytes(), count, start.wrapping_sub(1000));
            let mut adders: Vec<_> =
                (0..2).map(|_| child!("add", "scalar", &name, "mixed", 1000)).collect();
            let mut killed = child!("talk");
            killed.order(&format!("open {name}"));
            adders.iter_mut().for_each(|adder| adder.expect("ready"));
            assert_eq!(killed.ask("hold"), "holding");
            adders.iter_mut().for_each(|adder| adder.tell("go"));
            killed.kill();
            adders.iter_mut().for_each(|adder| adder.expect("done"));
            assert_eq!(board.count.read(), 2000);
            assert_eq!(u64::from(board.count.version()), start.wrapping_add(1000));
        }
    });
}

/// Owner ids wrap after 2^30 attachments. One that a lock word holds must not be given
/// out again, or its dead owner would live.
#[test]
fn no_owner_id_is_reused_while_a_lock_word_holds_it() {
    watched(|| {
        const IDS: u32 = (1 << 30) - 1;
        let name = Name::new("ids");
        let board = Board::create(&name, &Board::with(7)).unwrap();
        let bytes = name.bytes();
        let [count, ..] = Board::partitions();
        bytes.set(header::NEXT_ID, &(IDS - 1).to_ne_bytes());
        let mut dead = child!("talk");
        dead.order(&format!("open {name}"));
        assert_eq!(dead.ask("hold"), "holding");
        assert_eq!(bytes.u32(count + control::LOCK), IDS, "the last id");
        dead.kill();
        // So that their ids stay taken.
        let mut kept = Vec::new();
        for _ in 0..4 {
            // Back to where the dead one's id would be drawn again.
            bytes.set(header::NEXT_ID, &(IDS - 1).to_ne_bytes());
            let other = Board::open(&name).unwrap();
            let mut owner = 0;
            other.later.update(|_, _| owner = bytes.u32(Board::partitions()[1] + control::LOCK));
            assert!((1..IDS).contains(&owner), "{owner}");
            kept.push(other);
        }
        assert_eq!(bytes.u32(count + control::LOCK), IDS);
        board.count.update(|new, old| *new = old + 1);
        assert_eq!(board.count.read(), 8);
    });
}

/// 2^32 is no multiple of the number of ids: where the counter itself wraps they must not begin
/// anew.
#[test]
fn owner_ids_go_on_where_their_counter_wraps() {
    watched(|| {
        let name = Name::new("counter");
        let board = Board::create(&name, &Board::with(7)).unwrap();
        let bytes = name.bytes();
        let [count, ..] = Board::partitions();
        bytes.set(header::NEXT_ID, &u32::MAX.to_ne_bytes());
        let mut seen = BTreeSet::new();
        for _ in 0..10 {
            let other = Board::open(&name).unwrap();
            other.count.update(|_, _| {
                let owner = bytes.u32(count + control::LOCK);
                assert!(seen.insert(owner), "{owner} is drawn again after {seen:?}");
            });
        }
        assert_eq!(board.count.read(), 7);
    });
}
