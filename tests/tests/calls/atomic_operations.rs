//! Operations on atomic numbers that lose or double what they do, and racy ones that do more harm
//! than they may.

use std::process::Command;
use std::time::Duration;

use shma_core::ShmState;
use shma_tests::child;
use shma_tests::child::Child;
use shma_tests::counters::{Counters, create};
use shma_tests::kill_storm::KillStorm;
use shma_tests::notes::Notes;
use shma_tests::panics::panic_of;
use shma_tests::rng::Rng;
use shma_tests::sizes;
use shma_tests::watchdog::watched;

/// Starts all at once, and waits for what each says at its end.
fn together(mut children: Vec<Child>) -> Vec<String> {
    children.iter_mut().for_each(|child| child.expect("ready"));
    children.iter_mut().for_each(|child| child.tell("go"));
    children.iter_mut().map(|child| child.line()).collect()
}

/// Processes subtract at once from numbers of every kind, while others add.
#[test]
fn differences_of_all_processes_add_up() {
    const TIMES: u64 = 8_000;
    watched(|| {
        let (name, counters) = create("differences");
        let mut children: Vec<Child> = (0..3).map(|_| child!("subtract", &name, TIMES)).collect();
        children.push(child!("count", &name, "fetch_add", TIMES));
        assert_eq!(together(children), ["done"; 4]);

        let less = -2 * TIMES as i64;
        assert_eq!((counters.i32.get(), counters.i64.get()), (less as i32, less));
        assert_eq!((counters.u32.get(), counters.u64.get()), (less as u32, less as u64));
        assert_eq!((counters.f32.get(), counters.f64.get()), (less as f32, less as f64));
        for i in 0..37 {
            let less = less * (i as i64 + 1);
            let (u32s, u64s) = (counters.u32s.get(i), counters.u64s.get(i));
            assert_eq!((u32s, u64s), (less as u32, less as u64), "element {i}");
            let (i32s, i64s) = (counters.i32s.get(i), counters.i64s.get(i));
            assert_eq!((i32s, i64s), (less as i32, less), "element {i}");
            let (f32s, f64s) = (counters.f32s.get(i), counters.f64s.get(i));
            assert_eq!((f32s, f64s), (less as f32, less as f64), "element {i}");
        }
        assert_eq!(u64::from(counters.i32.version()), 1 + 4 * TIMES);
        assert_eq!(u64::from(counters.f64s.version()), 1 + 4 * 37 * TIMES);
    });
}

/// Each turn of a loop that ends with an exchange adds one, and each one that fails adds nothing. Only
/// exchanges are counted as calls that write.
#[test]
fn an_exchange_happens_exactly_once() {
    const TIMES: u64 = 4_000;
    watched(|| {
        let (name, counters) = create("exchanges");
        let children = (0..3).map(|_| child!("exchange", &name, TIMES)).collect();
        assert_eq!(together(children), ["done"; 3]);

        let all = 3 * TIMES;
        assert_eq!((counters.u32.get(), counters.u64.get()), (all as u32, all));
        assert_eq!((counters.i32.get(), counters.i64.get()), (all as i32, all as i64));
        assert_eq!((counters.f32.get(), counters.f64.get()), (all as f32, all as f64));
        for i in 0..37 {
            let integers = (counters.u32s.get(i), counters.i64s.get(i));
            assert_eq!(integers, (all as u32, all as i64), "element {i}");
            let (i32s, u64s) = (counters.i32s.get(i), counters.u64s.get(i));
            assert_eq!((i32s, u64s), (all as i32, all), "element {i}");
            let (f32s, f64s) = (counters.f32s.get(i), counters.f64s.get(i));
            assert_eq!((f32s, f64s), (all as f32, all as f64), "element {i}");
        }
        assert_eq!(u64::from(counters.f32.version()), 1 + all);
        assert_eq!(u64::from(counters.u64s.version()), 1 + 37 * all);
    });
}

/// Processes claim the same elements at once: each element goes to one of them.
#[test]
fn an_element_is_claimed_by_one_process() {
    watched(|| {
        let (name, counters) = create("claims");
        let children = (1..=4).map(|mark| child!("claim", &name, mark)).collect();
        let claimed = |line: String| -> u32 {
            line.strip_suffix(" claimed").expect("says how many").parse().unwrap()
        };
        let claims: Vec<u32> = together(children).into_iter().map(claimed).collect();
        let copy = counters.snapshot();
        for (mark, claimed) in (1..).zip(&claims) {
            let mine = copy.u32s.iter().filter(|n| **n == mark).count()
                + copy.i32s.iter().filter(|n| **n == mark as i32).count()
                + copy.u64s.iter().filter(|n| **n == u64::from(mark)).count()
                + copy.i64s.iter().filter(|n| **n == i64::from(mark)).count()
                + copy.f32s.iter().filter(|n| **n == mark as f32).count()
                + copy.f64s.iter().filter(|n| **n == f64::from(mark)).count();
            assert_eq!(mine, *claimed as usize, "of process {mark}");
        }
        assert_eq!(claims.iter().sum::<u32>(), 6 * 37);
        assert_eq!(u64::from(counters.f64s.version()), 1 + 37, "claims that failed do not count");
    });
}

/// Each process exchanges the one token that it has. None is lost, and there are never two of one.
#[test]
fn a_swap_keeps_every_token() {
    watched(|| {
        let (name, counters) = create("tokens");
        for i in 0..37 {
            counters.u32s.set(i, 1000 + i as u32);
            counters.u64s.set(i, 1000 + i as u64);
            counters.f64s.set(i, 1000.0 + i as f64);
        }
        let mut traders: Vec<Child> =
            (0..3).map(|trader| child!("trade", &name, 2000 + trader)).collect();
        traders.iter_mut().for_each(|trader| trader.expect("going"));
        let before = u64::from(counters.u64s.version());
        while u64::from(counters.u64s.version()) < before + 60_000 {
            std::thread::yield_now();
        }
        let copy = |counters: &Counters| {
            let all = counters.u64s.iter().copied();
            let short = counters.u32s.iter().map(|n| u64::from(*n));
            (all.collect(), short.collect(), counters.f64s.iter().map(|n| *n as u64).collect())
        };
        let hands: Vec<String> = traders.iter_mut().map(|trader| trader.ask("stop")).collect();
        let (mut long, mut short, mut double): (Vec<u64>, Vec<u64>, Vec<u64>) =
            copy(&counters.snapshot());
        for hand in hands {
            let tokens: Vec<u64> = hand.split(' ').map(|token| token.parse().unwrap()).collect();
            let [a, b, c] = tokens[..] else { panic!("{hand}") };
            long.push(a);
            short.push(b);
            double.push(c);
        }
        let all: Vec<u64> = (1000..1037).chain(2000..2003).collect();
        for (kind, mut tokens) in [("u64", long), ("u32", short), ("f64", double)] {
            tokens.sort_unstable();
            assert_eq!(tokens, all, "{kind}");
        }
    });
}

/// A process that is killed takes the token in its hand along, and no other.
#[test]
fn a_death_loses_the_token_in_hand_alone() {
    watched(|| {
        let (name, counters) = create("lost-tokens");
        (0..4).for_each(|i| counters.u64s.set(i, 1000 + i as u64));
        let first = std::sync::atomic::AtomicU64::new(1_000_000);
        let mut storm = {
            let name = name.to_string();
            KillStorm::new(3, move |_| {
                // Relaxed: a number of its own.
                let token = first.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let mut command = Command::new(env!("CARGO_BIN_EXE_child"));
                command.args(["trade-for-ever", &name, &token.to_string()]);
                command
            })
        };
        let deaths = storm.run(sizes::storm(), &mut Rng::new(2), || 0);
        drop(storm);
        let mut tokens = counters.snapshot().u64s[..4].to_vec();
        tokens.sort_unstable();
        assert!(tokens.windows(2).all(|pair| pair[0] != pair[1]), "two of one: {tokens:?}");
        let known = |token: &u64| {
            (1000..1004).contains(token) || (1_000_000..1_000_003 + deaths).contains(token)
        };
        assert!(tokens.iter().all(known), "{tokens:?}");
    });
}

/// Each process has a bit of its own in words that all of them change.
#[test]
fn a_bit_is_flipped_by_its_owner_alone() {
    const TIMES: u64 = 1_500;
    watched(|| {
        let (name, counters) = create("bits");
        let bits = [0, 7, 16, 31];
        let children = bits.iter().map(|bit| child!("flip", &name, bit, TIMES)).collect();
        assert_eq!(together(children), ["0 changed"; 4]);
        let copy = counters.snapshot();
        assert_eq!((copy.u32, copy.i64, copy.u64s, copy.i32s), (0, 0, [0; 37], [0; 37]));
        assert_eq!(u64::from(counters.i32.version()), 1 + 4 * 4 * TIMES);
        assert_eq!(u64::from(counters.i32s.version()), 1 + 4 * 4 * 37 * TIMES);
    });
}

/// Parts that meet inside of a vector. A racy addition stores nothing beside its part, so processes
/// with parts of their own lose nothing.
#[test]
fn a_racy_addition_leaves_its_neighbours_alone() {
    const TIMES: u64 = 30_000;
    watched(|| {
        let (name, counters) = create("neighbours");
        let children = [(0, 5), (5, 6), (6, 19), (19, 37)]
            .map(|(first, end)| child!("add-own", &name, first, end, TIMES));
        assert_eq!(together(children.into()), ["done"; 4]);
        let copy = counters.snapshot();
        for i in 0..37 {
            let sum = TIMES * (i as u64 + 1);
            assert_eq!((copy.u32s[i], copy.u64s[i]), (sum as u32, sum), "element {i}");
            assert_eq!((copy.i32s[i], copy.i64s[i]), (sum as i32, sum as i64), "element {i}");
            assert_eq!((copy.f32s[i], copy.f64s[i]), (sum as f32, sum as f64), "element {i}");
        }
        assert_eq!(u64::from(counters.f32s.version()), 1 + 4 * TIMES, "each call counts once");
    });
}

/// Processes add to the same numbers in every racy way, and by compare-exchange. Some additions are
/// lost; each number has two halves that agree all the same, which half of an addition would not have.
#[test]
fn a_race_tears_no_number() {
    watched(|| {
        let (name, _counters) = create("race");
        let mut racers = ["add_racy", "add_range_racy", "update_with_racy", "add"].map(|how| {
            let mut racer = child!("race", &name, how);
            racer.expect("going");
            racer
        });
        child!("watch", &name, sizes::either(80, 200)).expect("none is torn");
        for racer in &mut racers {
            let turns = racer.ask("stop");
            assert!(turns.ends_with(" turns") && turns != "0 turns", "{turns}");
        }
    });
}

/// A process that is killed in the middle of a racy addition leaves a part of its elements changed, and
/// each of them whole. What it had added before stays.
#[test]
fn a_death_amid_racy_additions_tears_nothing() {
    watched(|| {
        let (name, counters) = create("racy-deaths");
        let notes = Notes::create(&name);
        let mut storm = {
            let (name, notes) = (name.to_string(), notes.path().to_owned());
            KillStorm::new(4, move |part| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_child"));
                command.args(["add-for-ever", &name, &notes, &part.to_string()]);
                command
            })
        };
        let deaths = storm.run(sizes::storm(), &mut Rng::new(3), || 0);
        drop(storm);
        let copy = counters.snapshot();
        let halves = |n: u64| {
            assert_eq!(n >> 32, n & 0xffff_ffff, "{n:x}");
            n >> 32
        };
        copy.i64s.iter().for_each(|n| _ = halves(*n as u64));
        assert_eq!(copy.f64 % 4_294_967_297.0, 0.0);
        for part in 0..4 {
            let noted = notes.read(part);
            for n in &copy.u64s[part * 9..part * 9 + 9] {
                // Each death may have come between the note and the addition.
                let added = halves(*n);
                assert!(
                    (noted.saturating_sub(deaths + 4)..=noted).contains(&added),
                    "{added} of {noted}"
                );
            }
        }
        assert_eq!(copy.u64s[36], 0);
    });
}

/// What each call returns and leaves, at the ends of what the numbers can be.
#[test]
fn operations_meet_the_edges_of_the_numbers() {
    watched(|| {
        let (_name, c) = create("edges");
        assert_eq!((c.u32.fetch_sub(1), c.u32.get()), (0, u32::MAX));
        assert_eq!(
            (c.i32.swap(i32::MIN), c.i32.fetch_sub(1), c.i32.get()),
            (0, i32::MIN, i32::MAX)
        );
        assert_eq!((c.u64s.fetch_sub(36, u64::MAX), c.u64s.get(36)), (0, 1));
        assert_eq!((c.i64s.swap(3, -5), c.i64s.swap(3, 7), c.i64s.get(3)), (0, -5, 7));
        assert_eq!((c.f32.fetch_sub(0.5), c.f32.swap(f32::INFINITY)), (0.0, -0.5));
        assert_eq!(c.f32.fetch_sub(f32::INFINITY), f32::INFINITY);
        assert!(c.f32.get().is_nan());
        assert_eq!((c.i32.fetch_and(0x0f), c.i32.fetch_or(-256)), (i32::MAX, 0x0f));
        assert_eq!((c.i32.fetch_xor(-1), c.i32.get()), (-241, 240));
        assert_eq!(
            (c.u32s.fetch_or(1, 5), c.u32s.fetch_xor(1, 4), c.u32s.fetch_and(1, 3)),
            (0, 5, 1)
        );
        assert_eq!([0, 1, 2].map(|i| c.u32s.get(i)), [0, 1, 0], "the neighbours in the words");
        assert_eq!((c.grid.swap(14, 9), c.grid.compare_exchange(14, 9, 8)), (0, Ok(9)));
        assert_eq!(c.grid.get(14), 8);

        c.u64.set(u64::MAX);
        c.u64.add_racy(&3);
        assert_eq!(c.u64.get(), 2);
        c.u64.update_with_racy(&10, |new, old| new * old + 1);
        assert_eq!(c.u64.get(), 21);
        c.grid.add_racy(&[[1, 2, 3, 4, 5]; 3]);
        c.grid.add_range_racy(4..=5, &[10, 20]);
        c.grid.update_with_racy(&[[1; 5], [2; 5], [3; 5]], |new, old| new * old);
        let mut grid = [[0; 5]; 3];
        c.grid.read_into(&mut grid);
        assert_eq!(grid, [[1, 2, 3, 4, 15], [42, 4, 6, 8, 10], [3, 6, 9, 12, 39]]);
    });
}

/// Floats are exchanged by their bits: zeros of two signs differ, and a NaN is itself.
#[test]
fn an_exchange_compares_bits() {
    watched(|| {
        let (_name, c) = create("bits-of-floats");
        assert!(c.f64.compare_exchange(-0.0, 1.0).is_err_and(|before| before.is_sign_positive()));
        assert_eq!(c.f64.compare_exchange(0.0, f64::NAN), Ok(0.0));
        let other_nan = f64::from_bits(f64::NAN.to_bits() ^ 1);
        assert!(c.f64.compare_exchange(other_nan, 1.0).is_err_and(f64::is_nan));
        assert!(c.f64.compare_exchange(f64::NAN, -0.0).is_ok_and(f64::is_nan));
        assert!(c.f64.get().is_sign_negative());
        c.f32s.set(4, -0.0);
        assert!(
            c.f32s.compare_exchange(4, 0.0, 1.0).is_err_and(|before| before.is_sign_negative())
        );
        assert!(c.f32s.compare_exchange(4, -0.0, 1.0).is_ok());
        assert_eq!((c.f32s.get(3), c.f32s.get(4), c.f32s.get(5)), (0.0, 1.0, 0.0));
    });
}

/// A loop that waits for the next call after a failed exchange would be woken by its own failure.
#[test]
fn a_failed_exchange_is_no_call() {
    watched(|| {
        let (_name, c) = create("failed");
        assert_eq!(
            (c.u32.compare_exchange(1, 2), c.i64s.compare_exchange(9, 1, 2)),
            (Err(0), Err(0))
        );
        assert_eq!((u64::from(c.u32.version()), u64::from(c.i64s.version())), (1, 1));
        let late = c.u32.wait_newer(c.u32.version(), Duration::ZERO);
        assert!(late.is_err(), "{late:?}");
        assert_eq!(
            (c.u32.compare_exchange(0, 2), c.i64s.compare_exchange(9, 0, 2)),
            (Ok(0), Ok(0))
        );
        assert_eq!((u64::from(c.u32.version()), u64::from(c.i64s.version())), (2, 2));
    });
}

/// An index past the end would be the next field's.
#[test]
fn an_operation_out_of_range_is_refused() {
    watched(|| {
        let (name, c) = create("refused");
        for panic in [
            panic_of(|| _ = c.grid.fetch_sub(15, 1)),
            panic_of(|| _ = c.grid.swap(usize::MAX, 1)),
            panic_of(|| _ = c.grid.compare_exchange(15, 0, 1)),
            panic_of(|| _ = c.grid.fetch_and(15, 1)),
            panic_of(|| _ = c.grid.fetch_or(15, 1)),
            panic_of(|| _ = c.grid.fetch_xor(usize::MAX, 1)),
            panic_of(|| c.grid.add_range_racy(14..16, &[1, 1])),
            panic_of(|| c.grid.add_range_racy(..=15, &[1; 16])),
            panic_of(|| c.grid.add_range_racy(0..3, &[1; 4])),
            panic_of(|| c.grid.add_range_racy(0..3, &[1; 2])),
        ] {
            assert!(panic.contains("`grid`") && panic.contains(&*name), "{panic}");
        }
        assert_eq!(u64::from(c.grid.version()), 1, "such a call is none");
        assert_eq!(c.snapshot().grid, [[0; 5]; 3]);
        c.grid.add_range_racy(15.., &[]);
        assert_eq!(u64::from(c.grid.version()), 2);
    });
}

/// A closure that panics leaves the blocks before changed, and the call counts.
#[test]
fn a_panic_in_update_with_racy_keeps_the_blocks_before() {
    #[derive(ShmState)]
    struct Long {
        #[shm(atomic)]
        numbers: [u32; 1000],
    }
    watched(|| {
        let name = shma_tests::region::Name::new("racy-panic");
        let long = Long::create(&name, &Long::zeroed()).unwrap();
        let mut left = 500;
        let panic = panic_of(|| {
            long.numbers.update_with_racy(&[9; 1000], |new, _| {
                left -= 1;
                assert!(left >= 0, "enough of {new}");
                new
            });
        });
        assert!(panic.contains("enough of 9"), "{panic}");
        let mut copy = [0; 1000];
        long.numbers.read_into(&mut copy);
        let changed = copy.iter().take_while(|number| **number == 9).count();
        assert!(changed > 0 && changed <= 500, "{changed}");
        assert!(copy[changed..].iter().all(|number| *number == 0));
        assert_eq!(u64::from(long.numbers.version()), 2);
    });
}
