//! Atomic fields that lose counts, tear elements, or let a waiter sleep.

use std::process::Command;

use shma_core::{ShmState, Version};
use shma_tests::child;
use shma_tests::child::Child;
use shma_tests::counters::{Counters, create};
use shma_tests::kill_storm::KillStorm;
use shma_tests::notes::Notes;
use shma_tests::panics::panic_of;
use shma_tests::rng::Rng;
use shma_tests::sizes;
use shma_tests::watchdog::watched;

/// Processes add at once, in every way, to numbers of every kind. Floats of small integers add up
/// exactly; two 4-byte numbers share a word, and must not overwrite each other.
#[test]
fn no_addition_is_lost() {
    let times = sizes::either(8_000_u64, 20_000);
    watched(move || {
        let (name, counters) = create("lost");
        let ways = [("fetch_add", 37), ("add", 1), ("add_range", 2), ("update_with", 1)];
        let mut adders: Vec<Child> =
            ways.iter().map(|(how, _)| child!("count", &name, how, times)).collect();
        adders.iter_mut().for_each(|adder| adder.expect("ready"));
        adders.iter_mut().for_each(|adder| adder.tell("go"));
        adders.iter_mut().for_each(|adder| adder.expect("done"));

        let all = times * ways.len() as u64;
        assert_eq!((counters.u32.get(), counters.u64.get()), (all as u32, all));
        assert_eq!((counters.i32.get(), counters.i64.get()), (all as i32, all as i64));
        assert_eq!((counters.f32.get(), counters.f64.get()), (all as f32, all as f64));
        let copy = counters.snapshot();
        for i in 0..37 {
            let sum = all * (i as u64 + 1);
            assert_eq!((copy.u32s[i], copy.u64s[i]), (sum as u32, sum), "element {i}");
            assert_eq!((copy.i32s[i], copy.i64s[i]), (sum as i32, sum as i64), "element {i}");
            assert_eq!((copy.f32s[i], copy.f64s[i]), (sum as f32, sum as f64), "element {i}");
        }
        let calls = times * ways.iter().map(|(_, calls)| calls).sum::<u64>();
        assert_eq!(u64::from(counters.u32.version()), 1 + all);
        assert_eq!(u64::from(counters.f64s.version()), 1 + calls, "each call counts once");
        assert_eq!(u64::from(counters.u32s.version()), 1 + calls, "each call counts once");
        assert_eq!(u64::from(counters.grid.version()), 1, "each field counts for itself");
    });
}

/// Two numbers of four bytes lie in one word. A call that sets one must not put back the other as
/// it was a moment ago.
#[test]
fn a_set_leaves_its_neighbours_alone() {
    let times = sizes::either(40_000_u64, 100_000);
    watched(move || {
        let (name, _counters) = create("neighbours");
        let mut owners = [0, 1].map(|first| child!("own", &name, first, times));
        owners.iter_mut().for_each(|owner| owner.expect("ready"));
        owners.iter_mut().for_each(|owner| owner.tell("go"));
        owners.iter_mut().for_each(|owner| owner.expect("0 changed"));
    });
}

/// What each call does and returns, at the ends of what the numbers can be.
#[test]
fn calls_hold_at_the_edges_of_the_numbers() {
    watched(|| {
        let (_name, c) = create("edges");
        c.u32.set(u32::MAX);
        assert_eq!((c.u32.fetch_add(2), c.u32.get()), (u32::MAX, 1));
        c.u64.set(u64::MAX);
        assert_eq!((c.u64.fetch_add(3), c.u64.get()), (u64::MAX, 2));
        c.i32.set(i32::MAX);
        assert_eq!((c.i32.fetch_add(1), c.i32.get()), (i32::MAX, i32::MIN));
        assert_eq!((c.i32.fetch_max(-5), c.i32.fetch_min(-6), c.i32.get()), (i32::MIN, -5, -6));
        c.i64s.set(36, i64::MIN);
        c.i64s.add_range(36.., &[-1]);
        assert_eq!(c.i64s.get(36), i64::MAX);
        c.i64s.add(&[1; 37]);
        assert_eq!((c.i64s.get(36), c.i64s.get(35)), (i64::MIN, 1));
        assert_eq!((c.u32s.fetch_max(1, 7), c.u32s.fetch_min(1, 3), c.u32s.get(1)), (0, 7, 3));
        assert_eq!((c.u32s.get(0), c.u32s.get(2)), (0, 0), "the neighbours in the words");

        // A NaN loses against a number, and stays beside another.
        assert_eq!(c.f64.fetch_max(f64::NAN), 0.0);
        assert_eq!((c.f64.fetch_min(f64::NAN), c.f64.get()), (0.0, 0.0));
        c.f64.set(f64::NAN);
        assert!(c.f64.fetch_max(f64::NAN).is_nan() && c.f64.get().is_nan());
        assert!(c.f64.fetch_max(-1.5).is_nan());
        assert_eq!(c.f64.fetch_min(f64::NEG_INFINITY), -1.5);
        assert_eq!(c.f64.fetch_add(f64::INFINITY), f64::NEG_INFINITY);
        assert!(c.f64.get().is_nan(), "as sums of floats are");
        c.f32s.set(4, f32::NAN);
        assert!(c.f32s.fetch_min(4, 2.5).is_nan());
        assert_eq!((c.f32s.fetch_max(4, 0.5), c.f32s.get(4)), (2.5, 2.5));

        c.u64.update_with(&10, |new, old| new * old + 1);
        assert_eq!(c.u64.get(), 21);
        let mut copy = 0;
        assert_eq!((c.u64.read_into(&mut copy), copy), (c.u64.version(), 21));
    });
}

/// An index counts flat, in C order, whatever the dimensions.
#[test]
fn indices_of_a_grid_go_by_rows() {
    watched(|| {
        let (name, counters) = create("grid");
        let seen = Counters::open_read_only(&name).unwrap();
        counters.grid.add(&[[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 13, 14]]);
        counters.grid.set(7, 70);
        counters.grid.add_range(9..=10, &[100, 200]);
        assert_eq!(counters.grid.fetch_add(14, 1), 14);
        let mut grid = [[0; 5]; 3];
        let version = seen.grid.read_into(&mut grid);
        assert_eq!(grid, [[0, 1, 2, 3, 4], [5, 6, 70, 8, 109], [210, 11, 12, 13, 15]]);
        assert_eq!((u64::from(version), seen.grid.get(9)), (5, 109));
        let mut next = -1.0;
        counters.cube.update_with(&[[[0.5; 2]; 3]; 4], |new, old| {
            assert_eq!(old, 0.0);
            next += 1.0;
            next + new
        });
        let mut cube = [[[0.0; 2]; 3]; 4];
        seen.cube.read_into(&mut cube);
        assert_eq!((cube[3][2][1], cube[2][1][0], cube[0][0][0]), (23.5, 14.5, 0.5));
        assert_eq!((seen.cube.get(23), seen.cube.get(14)), (23.5, 14.5));
    });
}

/// An index past the end would be the next field's, or another slot's.
#[test]
fn an_index_out_of_range_panics() {
    watched(|| {
        let (name, c) = create("range");
        for panic in [
            panic_of(|| c.grid.set(15, 1)),
            panic_of(|| _ = c.grid.get(15)),
            panic_of(|| _ = c.grid.fetch_add(usize::MAX, 1)),
            panic_of(|| _ = c.grid.fetch_max(15, 1)),
            panic_of(|| _ = c.grid.fetch_min(15, -1)),
            panic_of(|| c.grid.add_range(14..16, &[1, 1])),
            panic_of(|| c.grid.add_range(..=15, &[1; 16])),
            panic_of(|| c.grid.add_range(usize::MAX.., &[])),
            panic_of(|| c.grid.add_range(0..3, &[1; 2])),
            panic_of(|| c.grid.add_range(0..3, &[1; 4])),
        ] {
            assert!(panic.contains("`grid`") && panic.contains(&*name), "{panic}");
        }
        let mut grid = [[0; 5]; 3];
        assert_eq!(u64::from(c.grid.read_into(&mut grid)), 1, "such a call is none");
        assert_eq!(grid, [[0; 5]; 3]);
        c.grid.add_range(15.., &[]);
        assert_eq!(u64::from(c.grid.version()), 2);
    });
}

/// Writers replace elements by equal bytes; a reader that sees two different ones has seen half of
/// each.
#[test]
fn no_element_is_torn() {
    watched(|| {
        let (name, _counters) = create("torn");
        let seen = Counters::open_read_only(&name).unwrap();
        let mut writers = ["set", "update_with", "extremes"].map(|how| {
            let mut writer = child!("pattern", &name, how);
            writer.expect("going");
            writer
        });
        let whole = |bytes: &[u8], what: &str| {
            assert!(bytes.iter().all(|byte| *byte == bytes[0]), "{what}: {bytes:?}");
        };
        let mut copy = Counters::zeroed();
        let mut states = 0;
        let mut last = Version::default();
        while states < 20_000 {
            let version = seen.u64s.read_into(&mut copy.u64s);
            assert!(version >= last, "a count goes back");
            states += u32::from(version != last);
            last = version;
            seen.u32s.read_into(&mut copy.u32s);
            copy.u64s.iter().for_each(|number| whole(&number.to_ne_bytes(), "u64"));
            copy.u32s.iter().for_each(|number| whole(&number.to_ne_bytes(), "u32"));
            whole(&seen.f64s.get(36).to_bits().to_ne_bytes(), "f64");
            whole(&seen.i64.get().to_ne_bytes(), "i64");
        }
        for writer in &mut writers {
            let turns = writer.ask("stop");
            assert!(turns.ends_with(" turns") && turns != "0 turns", "{turns}");
        }
    });
}

/// Processes that count are killed. Their elements are whole, those of the others are as they
/// were, and at most the call at hand is in doubt.
#[test]
fn deaths_lose_no_count_and_tear_no_element() {
    watched(|| {
        let (name, counters) = create("killed");
        let notes = Notes::create(&name);
        let mut storm = {
            let (name, notes) = (name.to_string(), notes.path().to_owned());
            KillStorm::new(4, move |element| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_child"));
                command.args(["enter", &name, &notes, &element.to_string()]);
                command
            })
        };
        let deaths = storm.run(sizes::storm(), &mut Rng::new(1), || 0);
        drop(storm);
        let mut sum = 0;
        for element in 0..4 {
            let (noted, count) = (notes.read(element), u64::from(counters.u32s.get(element)));
            let doubt = deaths + 4;
            assert!((noted..=noted + doubt).contains(&count), "{count} counted, {noted} noted");
            let bytes = counters.u64s.get(element).to_ne_bytes();
            assert!(bytes.iter().all(|byte| *byte == bytes[0]), "{bytes:?}");
            sum += count;
        }
        assert!(
            (4..37).all(|other| counters.u32s.get(other) == 0 && counters.u64s.get(other) == 0)
        );
        // Who dies between the element and the count takes the count along.
        let counted = u64::from(counters.u32s.version()) - 1;
        assert!((sum - deaths - 4..=sum).contains(&counted), "{sum} calls, {counted} counted");
        counters.u32s.set(0, 7);
        assert_eq!(u64::from(counters.u32s.version()), counted + 2);
    });
}
