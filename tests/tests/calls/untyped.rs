//! Calls without the struct: each does what its typed sister does, and each misuse is an error.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use shma_core::untyped::{self, Fetch, Field, State, Wait};
use shma_core::{Atomic, Error, Shm, ShmElement, ShmState, wait_any};
use shma_tests::child;
use shma_tests::region::Name;
use shma_tests::states::Board;
use shma_tests::watchdog::{PATIENCE, until, watched};

#[derive(Debug, Clone, Copy, PartialEq, ShmElement)]
#[repr(C)]
struct Point {
    x: f32,
    y: f32,
}

#[derive(Debug, ShmState)]
struct Desk {
    count: u64,
    odd: [u8; 13],
    plate: [[f64; 8]; 64],
    points: [Point; 3],
    #[shm(atomic)]
    hits: [u32; 5],
    #[shm(atomic)]
    sum: f64,
    last: i16,
}

struct Scene {
    name: Name,
    typed: Shm<Desk>,
    state: State,
}

impl Scene {
    fn new(hint: &str) -> Self {
        let name = Name::new(hint);
        let typed = Desk::create(&name, &Desk::zeroed()).unwrap();
        let state = untyped::options().open(&name, None).unwrap();
        Self { name, typed, state }
    }

    fn field(&self, name: &str) -> &Field {
        self.state.field(name).unwrap()
    }
}

const NOW: Wait = Wait::No;

fn number(bytes: &[u8]) -> u64 {
    u64::from_ne_bytes(bytes.try_into().unwrap())
}

/// Every call that reads and every call that writes, against the typed handle.
#[test]
fn untyped_calls_do_what_typed_ones_do() {
    watched(|| {
        let scene = Scene::new("same");
        let (typed, plate, odd) = (&scene.typed, scene.field("plate"), scene.field("odd"));
        let value: [[f64; 8]; 64] =
            std::array::from_fn(|row| std::array::from_fn(|at| (8 * row + at) as f64));
        let version = plate.write(bytemuck::bytes_of(&value), NOW).unwrap();
        assert_eq!((typed.plate.read(), typed.plate.version()), (value, version));
        let mut bytes = vec![0; plate.size()];
        for read in [Field::read, Field::try_read] {
            bytes.fill(0xff);
            assert_eq!(read(plate, &mut bytes).unwrap(), version);
            assert_eq!(bytes, bytemuck::bytes_of(&value));
        }
        // Parts that begin and end inside of words.
        let mut expected = bytes.clone();
        for (first, len) in [(0, 4096), (1, 4094), (7, 9), (4095, 1), (33, 0), (8, 8), (4096, 0)] {
            let part: Vec<u8> = (0..len).map(|at| (at * 31 + first) as u8).collect();
            plate.write_part(first, &part, NOW).unwrap();
            expected[first..first + len].copy_from_slice(&part);
            assert_eq!(bytemuck::bytes_of(&typed.plate.read()), expected, "{first} {len}");
            let mut seen = vec![0; len];
            plate.read_part(first, &mut seen).unwrap();
            assert_eq!(seen, part);
            plate.try_read_part(first, &mut seen).unwrap();
            plate.read_part_timeout(first, &mut seen, PATIENCE).unwrap();
            assert_eq!(seen, part);
        }
        // A value that ends inside of a word.
        let version = odd.write(b"thirteen byte", NOW).unwrap();
        assert_eq!(&typed.odd.read(), b"thirteen byte");
        let next = odd.update(NOW, |new, old| {
            assert_eq!(new, old);
            new.reverse();
        });
        assert!(next.unwrap() > version);
        assert_eq!(&typed.odd.read(), b"etyb neetriht");
        odd.update_part(5..8, NOW, |new, old| {
            assert_eq!(old, b"nee");
            new.copy_from_slice(b"NEE");
        })
        .unwrap();
        assert_eq!(&typed.odd.read(), b"etyb NEEtriht");
        // Not published.
        let before = odd.version();
        let none = odd.update_if(0..13, NOW, |new, _| {
            new.fill(0);
            false
        });
        assert_eq!((none.unwrap(), odd.version()), (None, before));
        // Number by number.
        let points = scene.field("points");
        let step = Point { x: 1.0, y: -1.0 };
        points
            .update_with(&[step; 3], NOW, |new: Point, old| Point {
                x: old.x + new.x,
                y: old.y + new.y,
            })
            .unwrap();
        assert_eq!(typed.points.read(), [step; 3]);
        let mut seen = 0;
        plate
            .update_blocks::<f64>(NOW, |range, block| {
                assert_eq!((range.start, range.len()), (seen, block.len()));
                seen = range.end;
                block.fill(0.25);
            })
            .unwrap();
        assert_eq!((seen, typed.plate.read()), (512, [[0.25; 8]; 64]));
        assert!(plate.age().unwrap() < PATIENCE);
        assert_eq!(plate.holder(), None);
        plate.expect_type("[[f64; 8]; 64]").unwrap();
    });
}

/// Memory that a closure gets can be taken for numbers of any size.
#[test]
fn copies_of_a_closure_are_aligned() {
    let scene = Scene::new("aligned");
    for name in ["count", "odd", "plate", "points", "last"] {
        let field = scene.field(name);
        field
            .update(NOW, |new, old| {
                assert_eq!((new.as_ptr() as usize % 16, old.as_ptr() as usize % 16), (0, 0));
                assert_eq!((new.len(), old.len()), (field.size(), field.size()));
            })
            .unwrap();
    }
}

/// The numbers of atomic fields, one by one.
#[test]
fn numbers_of_atomic_fields_are_changed_one_by_one() {
    let scene = Scene::new("atomic");
    let (hits, sum) = (scene.field("hits"), scene.field("sum"));
    let first = hits.version();
    let mut before = [0; 4];
    hits.store_number(2, &7_u32.to_ne_bytes()).unwrap();
    for (what, value, was) in [
        (Fetch::Add, 5_u32, 7_u32),
        (Fetch::Sub, 2, 12),
        (Fetch::Max, 11, 10),
        (Fetch::Min, 4, 11),
        (Fetch::Swap, 9, 4),
    ] {
        hits.fetch(what, 2, &value.to_ne_bytes(), &mut before).unwrap();
        assert_eq!(u32::from_ne_bytes(before), was, "{what:?}");
    }
    hits.fetch(Fetch::Add, 2, &1_u32.to_ne_bytes(), &mut []).unwrap();
    let exchange = |current: u32, new: u32, before: &mut [u8]| {
        hits.compare_exchange(2, &current.to_ne_bytes(), &new.to_ne_bytes(), before).unwrap()
    };
    let calls = hits.version();
    assert!(!exchange(3, 4, &mut before) && u32::from_ne_bytes(before) == 10);
    assert_eq!(hits.version(), calls, "nothing was written");
    assert!(exchange(10, 20, &mut before) && u32::from_ne_bytes(before) == 10);
    assert!(hits.version() > calls && calls > first);
    let ones: Vec<u8> = [1_u32; 5].iter().flat_map(|one| one.to_ne_bytes()).collect();
    hits.add_numbers(&ones).unwrap();
    assert_eq!(read(&scene.typed.hits), [1, 1, 21, 1, 1]);
    hits.write_part(4, &5_u32.to_ne_bytes(), NOW).unwrap();
    hits.load_number(1, &mut before).unwrap();
    assert_eq!(u32::from_ne_bytes(before), 5);
    let mut all = [0; 20];
    hits.read(&mut all).unwrap();
    assert_eq!(all[4..8], 5_u32.to_ne_bytes());
    sum.fetch(Fetch::Add, 0, &0.5_f64.to_ne_bytes(), &mut []).unwrap();
    sum.fetch(Fetch::Max, 0, &f64::NAN.to_ne_bytes(), &mut []).unwrap();
    assert_eq!(scene.typed.sum.get(), 0.5);
    assert_eq!((hits.age(), hits.holder()), (None, None));
}

fn read(hits: &Atomic<[u32; 5]>) -> [u32; 5] {
    let mut all = [0; 5];
    hits.read_into(&mut all);
    all
}

/// A misuse of each call, and what it is.
#[test]
fn every_misuse_is_an_error() {
    watched(|| {
        let scene = Scene::new("misuse");
        let (count, odd, hits) = (scene.field("count"), scene.field("odd"), scene.field("hits"));
        let other = Scene::new("misuse-other");
        let seen = untyped::options().open_read_only(&scene.name, None).unwrap();
        let mut room = [0; 64];
        macro_rules! is {
            ($call:expr, $error:ident, $says:expr) => {{
                let result = $call;
                let Err(error @ Error::$error { .. }) = result else { panic!("{result:?}") };
                assert!(error.to_string().contains($says), "{error}");
            }};
        }
        is!(scene.state.field("cuont"), NoField, "`count`, `odd`");
        is!(count.read(&mut room), WrongSize, "takes 8 bytes here, and was given 64");
        is!(count.try_read(&mut room[..7]), WrongSize, "7");
        is!(count.write(&room, NOW), WrongSize, "field `count`");
        is!(odd.read_part(10, &mut room[..4]), OutOfRange, "has 13 bytes, and 10 to 14");
        is!(odd.read_part(usize::MAX, &mut room), OutOfRange, "13");
        is!(odd.try_read_part(14, &mut []), OutOfRange, "14");
        is!(odd.read_part_timeout(13, &mut room[..1], PATIENCE), OutOfRange, "13");
        is!(odd.write_part(1, &room[..13], NOW), OutOfRange, "1 to 14");
        is!(odd.update_part(3..14, NOW, |_, _| {}), OutOfRange, "3 to 14");
        #[expect(clippy::reversed_empty_ranges, reason = "that is the mistake")]
        let backwards = 5..2;
        is!(odd.update_if(backwards, NOW, |_, _| true), OutOfRange, "5 to 2");
        is!(count.update_with(&[1_u32; 2], NOW, |new, _| new), WrongType, "`u64`");
        is!(count.update_with(&[1_u64; 2], NOW, |new, _| new), WrongSize, "8");
        is!(count.update_blocks::<i64>(NOW, |_, _| {}), WrongType, "`i64`");
        is!(count.expect_type("i64"), WrongType, "is of type `u64`, and was taken for `i64`");
        // Of atomic fields.
        is!(hits.hold(NOW), WrongField, "it is atomic");
        is!(hits.update(NOW, |_, _| {}), WrongField, "it is atomic");
        is!(hits.update_blocks::<u32>(NOW, |_, _| {}), WrongField, "it is atomic");
        is!(hits.read_part(2, &mut room[..4]), WrongSize, "4 bytes");
        is!(hits.write_part(0, &room[..6], NOW), WrongSize, "4 bytes");
        is!(hits.load_number(5, &mut room[..4]), OutOfRange, "has 5 numbers, and 5 to 6");
        is!(hits.load_number(usize::MAX, &mut room[..4]), OutOfRange, "5 numbers");
        is!(hits.load_number(0, &mut room[..8]), WrongSize, "takes 4 bytes");
        is!(hits.store_number(0, &room[..3]), WrongSize, "3");
        is!(hits.fetch(Fetch::Add, 0, &room[..4], &mut [0; 3]), WrongSize, "3");
        is!(hits.add_numbers(&room[..4]), WrongSize, "takes 20");
        is!(hits.compare_exchange(0, &room[..4], &room[..8], &mut [0; 4]), WrongSize, "8");
        // Of ordinary ones.
        is!(count.load_number(0, &mut room[..8]), WrongField, "no atomics");
        is!(count.store_number(0, &room[..8]), WrongField, "no atomics");
        is!(odd.fetch(Fetch::Max, 0, &room[..1], &mut []), WrongField, "no atomics");
        is!(count.add_numbers(&room[..8]), WrongField, "no atomics");
        // Of handles that may only read.
        let [number, cells] = ["count", "hits"].map(|name| seen.field(name).unwrap());
        is!(number.write(&room[..8], NOW), ReadOnly, "may only read");
        is!(number.write_part(0, &room[..8], NOW), ReadOnly, "may only read");
        is!(number.hold(NOW), ReadOnly, "field `count`");
        is!(number.update(NOW, |_, _| {}), ReadOnly, "may only read");
        is!(number.update_blocks::<u64>(NOW, |_, _| {}), ReadOnly, "may only read");
        is!(cells.write(&room[..20], NOW), ReadOnly, "may only read");
        is!(cells.store_number(0, &room[..4]), ReadOnly, "may only read");
        is!(cells.fetch(Fetch::Add, 0, &room[..4], &mut []), ReadOnly, "may only read");
        is!(cells.add_numbers(&room[..20]), ReadOnly, "may only read");
        is!(cells.compare_exchange(0, &room[..4], &room[..4], &mut [0; 4]), ReadOnly, "only read");
        is!(seen.begin(NOW), ReadOnly, "may only read");
        is!(seen.write_all(&[], NOW), ReadOnly, "may only read");
        // Of several fields.
        let state = &scene.state;
        let foreign = other.field("count");
        is!(state.snapshot(&mut [(foreign, &mut [0; 8])]), WrongField, "another handle's region");
        is!(state.snapshot(&mut [(count, &mut [0; 9])]), WrongSize, "9");
        is!(state.snapshot(&mut [(count, &mut [0; 8]), (count, &mut [0; 8])]), WrongField, "twice");
        is!(state.write_all(&[(count, &[0; 8]), (count, &[0; 8])], NOW), WrongField, "twice");
        is!(state.write_all(&[(count, &[0; 8]), (foreign, &[0; 8])], NOW), WrongField, "another");
        is!(state.write_all(&[(count, &[0; 8]), (odd, &[0; 8])], NOW), WrongSize, "13");
        let begin = || state.begin(NOW).unwrap();
        is!(begin().load(hits, &mut room[..20]), WrongField, "it is atomic");
        is!(begin().load(foreign, &mut room[..8]), WrongField, "another");
        is!(begin().load(count, &mut room[..9]), WrongSize, "9");
        is!(begin().commit(&[(hits, &[0; 20])]), WrongField, "it is atomic");
        is!(begin().commit(&[(count, &[0; 7])]), WrongSize, "7");
        is!(begin().commit(&[(count, &[1; 8]), (count, &[1; 8])]), WrongField, "twice");
        // Of what is held.
        let hold = || odd.hold(NOW).unwrap();
        is!(hold().load(&mut room), WrongSize, "64");
        is!(hold().load_part(13, &mut room[..1]), OutOfRange, "13 to 14");
        is!(hold().publish(&[0; 12]), WrongSize, "12");
        is!(hold().publish_part(usize::MAX, &[0; 12]), OutOfRange, "13 bytes");
        is!(hold().publish_parts(&[(0, &[1]), (13, &[1])]), OutOfRange, "13 to 14");
        // None of all this has left anything held, or published anything.
        assert_eq!(*scene.typed.snapshot(), *Desk::zeroed());
        scene.typed.transaction(|new, _| *new.count = 1);
    });
}

impl PartialEq for Desk {
    fn eq(&self, other: &Self) -> bool {
        bytemuck::bytes_of(&self.plate) == bytemuck::bytes_of(&other.plate)
            && (self.count, self.odd, self.hits, self.last)
                == (other.count, other.odd, other.hits, other.last)
    }
}

/// A semaphore that is held as a value: other processes wait, readers do not, and what is published is
/// what was given.
#[test]
fn a_held_semaphore_is_a_value() {
    watched(|| {
        let (name, board) = Board::created("held", 5);
        let state = untyped::options().open(&name, None).unwrap();
        let mut peer = child!("talk");
        peer.order(&format!("open {name}"));
        let field = state.field("count").unwrap();
        let held = field.hold(NOW).unwrap();
        let mut bytes = [0; 8];
        let version = held.load(&mut bytes).unwrap();
        assert_eq!((number(&bytes), version), (5, board.count.version()));
        assert_eq!(held.version(), version);
        let holder = board.count.holder().unwrap();
        assert_eq!((holder.pid, holder.dead), (std::process::id(), false));
        assert_eq!(peer.ask("read"), "5", "a reader waits for no holder");
        let refused = board.count.try_update(|_, _| {});
        assert!(matches!(refused, Err(Error::WouldBlock { .. } | Error::Reentrant { .. })));
        let next = held.publish(&6_u64.to_ne_bytes()).unwrap();
        assert_eq!((u64::from(next), board.count.version()), (u64::from(version) + 1, next));
        assert_eq!((peer.ask("read"), board.count.holder()), ("6".into(), None));
        // Dropped, it publishes nothing.
        drop(field.hold(NOW).unwrap());
        assert_eq!((board.count.version(), board.count.holder()), (next, None));
        // Its process dies with it.
        drop(peer);
    });
}

/// One thread holds, and is refused what would wait for itself for ever.
#[test]
fn a_holder_is_refused_what_would_wait_for_itself() {
    watched(|| {
        let scene = Scene::new("reentrant");
        let (count, last) = (scene.field("count"), scene.field("last"));
        let held = last.hold(NOW).unwrap();
        for result in [
            last.write(&[0; 2], Wait::Forever).map(drop),
            last.hold(Wait::Forever).map(drop),
            count.hold(Wait::Forever).map(drop),
            scene.state.begin(Wait::Forever).map(drop),
        ] {
            assert!(matches!(result, Err(Error::Reentrant { .. })), "{result:?}");
        }
        // In declaration order they nest.
        drop(held);
        let first = count.hold(NOW).unwrap();
        let second = last.hold(NOW).unwrap();
        first.publish(&[1; 8]).unwrap();
        second.publish(&[1; 2]).unwrap();
        // And a transaction holds all.
        let transaction = scene.state.begin(NOW).unwrap();
        let refused = count.write(&[0; 8], Wait::Forever);
        assert!(matches!(refused, Err(Error::Reentrant { .. })), "{refused:?}");
        drop(transaction);
        count.write(&[2; 8], NOW).unwrap();
    });
}

/// Another thread drops or publishes what one has acquired. The first must not believe that it still
/// holds it: it would be refused its own updates for ever.
#[test]
fn another_thread_ends_what_one_has_acquired() {
    watched(|| {
        let scene = Scene::new("elsewhere");
        let (count, last) = (scene.field("count"), scene.field("last"));
        for round in 0..4_u64 {
            let (one, two) = (count.hold(NOW).unwrap(), last.hold(NOW).unwrap());
            assert!(one.is_own() && two.is_own());
            thread::scope(|scope| {
                scope.spawn(move || {
                    assert!(!one.is_own());
                    if round % 2 == 0 {
                        one.publish(&round.to_ne_bytes()).unwrap();
                    } else {
                        drop(one);
                    }
                    // The other thread's record is its own: this one holds nothing.
                    count.write(&[7; 8], NOW).unwrap();
                });
            });
            // Typed and untyped calls, on the same field and before it in order.
            count.write(&[8; 8], NOW).unwrap_err();
            thread::scope(|scope| _ = scope.spawn(move || drop(two)));
            count.write(&[9; 8], NOW).unwrap();
            scene.typed.update_all();
            let transaction = scene.state.begin(NOW).unwrap();
            thread::scope(|scope| _ = scope.spawn(move || drop(transaction)));
            scene.typed.update_all();
            scene.typed.transaction(|new, _| *new.count = 0);
        }
    });
}

trait UpdateAll {
    fn update_all(&self);
}

impl UpdateAll for Shm<Desk> {
    fn update_all(&self) {
        self.last.update(|new, old| *new = old + 1);
        self.count.update(|new, old| *new = old ^ 1);
    }
}

/// Many threads pass what they have acquired to each other, and nothing is lost.
#[test]
fn guards_that_change_threads_lose_no_update() {
    watched(|| {
        const ROUNDS: u64 = 3000;
        let scene = Scene::new("passed");
        let (sender, receiver) = std::sync::mpsc::channel::<untyped::Held>();
        thread::scope(|scope| {
            scope.spawn(move || {
                for held in receiver {
                    let mut bytes = [0; 8];
                    held.load(&mut bytes).unwrap();
                    held.publish(&(number(&bytes) + 1).to_ne_bytes()).unwrap();
                }
            });
            let adders: Vec<_> = (0..3)
                .map(|_| {
                    let (sender, count) = (sender.clone(), scene.field("count"));
                    scope.spawn(move || {
                        for round in 0..ROUNDS {
                            let held = loop {
                                // The other thread may not have ended the last one yet.
                                match count.hold(Wait::AtMost(PATIENCE)) {
                                    Ok(held) => break held,
                                    Err(Error::Reentrant { .. }) => thread::yield_now(),
                                    Err(error) => panic!("{error}"),
                                }
                            };
                            if round % 3 == 0 {
                                let mut bytes = [0; 8];
                                held.load(&mut bytes).unwrap();
                                held.publish(&(number(&bytes) + 1).to_ne_bytes()).unwrap();
                            } else {
                                sender.send(held).unwrap();
                            }
                        }
                    })
                })
                .collect();
            drop(sender);
            adders.into_iter().for_each(|adder| adder.join().unwrap());
        });
        assert_eq!(scene.typed.count.read(), 3 * ROUNDS);
    });
}

/// Several fields as one: what moves from one to the other is always in one of the two, for typed and
/// untyped readers alike.
#[test]
fn an_untyped_transaction_is_one() {
    watched(|| {
        let scene = Scene::new("transaction");
        let (count, last, plate) =
            (scene.field("count"), scene.field("last"), scene.field("plate"));
        scene.typed.count.write(&1000);
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        let transaction = scene.state.begin(Wait::AtMost(PATIENCE)).unwrap();
                        let (mut one, mut two) = ([0; 8], [0; 2]);
                        transaction.load(count, &mut one).unwrap();
                        transaction.load(last, &mut two).unwrap();
                        let one = (number(&one) + 1).to_ne_bytes();
                        let two = (i16::from_ne_bytes(two) - 1).to_ne_bytes();
                        transaction.commit(&[(last, &two), (count, &one)]).unwrap();
                    }
                });
            }
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let (mut one, mut two) = ([0; 8], [0; 2]);
                    // In another order than they are declared.
                    let fields = &mut [(last, &mut two[..]), (count, &mut one[..])];
                    scene.state.snapshot(fields).unwrap();
                    let sum = number(&one) as i64 + i64::from(i16::from_ne_bytes(two));
                    assert_eq!(sum, 1000);
                    let seen = scene.typed.snapshot();
                    assert_eq!(seen.count as i64 + i64::from(seen.last), 1000);
                }
            });
            until("both are done", || scene.typed.count.read() == 5000);
            done.store(true, Ordering::Relaxed);
        });
        // What does not change is not published.
        let versions = [count, last, plate].map(Field::version);
        let transaction = scene.state.begin(NOW).unwrap();
        let mut value = vec![0; plate.size()];
        transaction.load(plate, &mut value).unwrap();
        value[4095] = 1;
        let one = 5000_u64.to_ne_bytes();
        let published = transaction.commit(&[(plate, &value), (count, &one)]).unwrap();
        assert_eq!(published, [plate.version(), count.version()]);
        assert!(plate.version() > versions[2]);
        assert_eq!([count.version(), last.version()], versions[..2]);
    });
}

/// Untyped handles wait as typed ones do: alone, in a list of both kinds, and in a future.
#[test]
fn untyped_handles_wait_for_publications() {
    watched(|| {
        let Scene { name, typed, state } = Scene::new("wait");
        let [count, hits] = ["count", "hits"].map(|name| state.field(name).unwrap().clone());
        let since = count.version();
        let timeout = count.wait_newer(since, Duration::from_millis(1));
        assert!(matches!(timeout, Err(Error::Timeout { .. })), "{timeout:?}");
        thread::scope(|scope| {
            let waiter = scope.spawn(|| count.wait_newer(since, PATIENCE).unwrap());
            typed.count.write(&1);
            assert_eq!(waiter.join().unwrap(), count.version());
            let (since, calls) = (count.version(), hits.version());
            let (plate, published) = (&typed.plate, typed.plate.version());
            let (count, hits) = (&count, &hits);
            let waiter = scope.spawn(move || {
                wait_any(&[(count, since), (plate, published), (hits, calls)], PATIENCE)
            });
            hits.store_number(0, &[1; 4]).unwrap();
            assert_eq!(waiter.join().unwrap().unwrap(), 2);
        });
        // What remains of a handle is its fields. A future is no attachment.
        let future = hits.newer(hits.version());
        drop((typed, state, hits));
        untyped::options().unlink(&name).unwrap();
        let retired = count.wait_newer(count.version(), PATIENCE);
        assert!(matches!(retired, Err(Error::Retired { .. })), "{retired:?}");
        drop(future);
    });
}
