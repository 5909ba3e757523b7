//! The checker of histories: what is linearizable passes, and what is not is found.

use shma_campaigns::linear::{Deed, Fault, Flaw, History, Touch, check, plant, simulated};
use shma_tests::rng::Rng;

fn saw(field: usize, version: u64) -> Touch {
    Touch { field, deed: Deed::Saw, version, checksum: Some(version) }
}

fn published(field: usize, version: u64) -> Touch {
    Touch { field, deed: Deed::Published, version, checksum: Some(version) }
}

/// One call a line: its times and what it touched, each by a process of its own.
fn history(calls: &[(u64, u64, &[Touch])]) -> History {
    let mut history = History::new(vec![1; 2]);
    for (process, (start, end, touches)) in (0..).zip(calls) {
        history.add(process, "call", [*start, *end], touches);
    }
    history
}

#[track_caller]
fn is_refused(calls: &[(u64, u64, &[Touch])], how: &str) {
    let flaw = check(&history(calls)).unwrap_err().to_string();
    assert!(flaw.contains(how), "{flaw}");
}

#[test]
fn good_histories_are_accepted() {
    for seed in 0..40 {
        let history = simulated(seed, 8, 4000);
        let found = check(&history).unwrap_or_else(|flaw| panic!("seed {seed}: {flaw}"));
        assert_eq!(found.calls, 4000);
        assert!(found.orders > found.publications && found.publications > 1000, "{found:?}");
    }
}

/// Every kind of fault, planted at random places.
#[test]
fn planted_faults_are_found() {
    for seed in 0..40 {
        let good = simulated(seed, 8, 1000);
        let mut rng = Rng::new(seed);
        for fault in Fault::ALL {
            let mut bad = good.clone();
            assert!(plant(fault, &mut bad, &mut rng), "seed {seed}: no place for {fault:?}");
            let flaw = check(&bad).expect_err("a planted fault");
            let expected = match fault {
                Fault::StaleRead | Fault::FutureRead | Fault::BackwardReads => {
                    matches!(flaw, Flaw::AgainstTime { .. })
                }
                Fault::TornValue => matches!(flaw, Flaw::OtherValue { .. }),
                Fault::SameVersion => matches!(flaw, Flaw::PublishedTwice { .. }),
                Fault::LostUpdate | Fault::HalfTransaction => matches!(flaw, Flaw::Cycle { .. }),
            };
            assert!(expected, "seed {seed}, {fault:?}: {flaw}");
        }
    }
}

/// Calls that overlap may come in either order, and the values say in which.
#[test]
fn overlapping_calls_may_come_in_either_order() {
    let write: (u64, u64, &[Touch]) = (10, 20, &[published(0, 2)]);
    for seen in [1, 2] {
        check(&history(&[write, (15, 25, &[saw(0, seen)])])).unwrap();
        check(&history(&[write, (20, 25, &[saw(0, seen)])])).unwrap();
    }
    is_refused(&[write, (21, 25, &[saw(0, 1)])], "had ended before it began");
    is_refused(&[write, (5, 9, &[saw(0, 2)])], "had ended before it began");
}

/// The order of two calls is forced by others that neither of them knows.
#[test]
fn an_order_forced_by_other_calls_is_found() {
    let late: (u64, u64, &[Touch]) = (30, 40, &[published(0, 2)]);
    let both: (u64, u64, &[Touch]) = (0, 100, &[saw(0, 2), saw(1, 1)]);
    let early: (u64, u64, &[Touch]) = (10, 20, &[published(1, 2)]);
    is_refused(&[late, both, early], "had ended before it began");
}

/// Two observers each see one of two independent publications, and not the other.
#[test]
fn two_snapshots_that_disagree_are_found() {
    let writes: [(u64, u64, &[Touch]); 2] =
        [(0, 9, &[published(0, 2)]), (0, 9, &[published(1, 2)])];
    let one: (u64, u64, &[Touch]) = (0, 9, &[saw(0, 2), saw(1, 1)]);
    let other: (u64, u64, &[Touch]) = (0, 9, &[saw(0, 1), saw(1, 2)]);
    check(&history(&[writes[0], writes[1], one])).unwrap();
    is_refused(&[writes[0], writes[1], one, other], "in a circle");
}

#[test]
fn a_version_left_out_is_found() {
    is_refused(&[(0, 1, &[published(0, 3)])], "no call published version 2");
    is_refused(&[(0, 1, &[saw(0, 2)])], "no call published version 2");
    is_refused(&[(0, 1, &[saw(0, u64::MAX)])], "no call published version");
    is_refused(&[(0, 1, &[published(0, u64::MAX)])], "no call published version");
    is_refused(&[(0, 1, &[saw(0, 0)])], "no call published version 0");
    is_refused(&[(0, 1, &[published(0, 1)])], "published twice");
}
