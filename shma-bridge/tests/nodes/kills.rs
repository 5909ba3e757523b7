//! Bridges as processes that are ended, stopped or killed.

use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use crate::support::{
    Ends, Names, Processes, change, count, counted, read, settled, states, until, version, write,
};

const FIELDS: [(&str, &str); 3] = [("step", "u64"), ("halo", "[[u64; 8]; 4]"), ("w", "[f64; 4]")];
const RULES: [&str; 8] = ["--publish", "step@0", "--gather", "halo", "--mean", "w", "--every", "2"];

#[test]
fn sigterm_to_any_ends_all_with_0() {
    for (node, signal) in [(0, "-TERM"), (1, "-TERM"), (2, "-INT")] {
        let names = Names::new(3);
        let states = states(&names, 3, &FIELDS);
        let bridges = Processes::start(3, &names.pattern, &RULES);
        write(&states[0], "step", &[5_u64]);
        until("it arrives", || read::<u64>(&states[2], "step") == [5]);
        bridges.signal(node, signal);
        for (code, said) in bridges.end() {
            assert_eq!((code, said.as_str()), (Some(0), ""));
        }
    }
}

#[test]
fn the_others_end_when_one_is_killed() {
    let names = Names::new(2);
    let states = states(&names, 2, &FIELDS);
    let bridges = Processes::start(2, &names.pattern, &RULES);
    write(&states[0], "step", &[5_u64]);
    until("it arrives", || read::<u64>(&states[1], "step") == [5]);
    bridges.signal(1, "-KILL");
    let ended = bridges.end();
    assert_eq!(ended[0].0, Some(1));
    assert!(ended[0].1.contains("start all bridges again"), "{}", ended[0].1);
}

/// A bridge that is stopped holds up the other nodes, and no local program.
#[test]
fn a_stopped_bridge_harms_no_local_writer() {
    let names = Names::new(2);
    let states = states(&names, 2, &FIELDS);
    let bridges = Processes::start(2, &names.pattern, &RULES);
    settled(&states);
    // Idle for the moment, so it holds no semaphore.
    let mut last = version(&states[1], "w");
    until("it is idle", || {
        thread::sleep(Duration::from_millis(20));
        std::mem::replace(&mut last, version(&states[1], "w")) == version(&states[1], "w")
    });
    bridges.signal(1, "-STOP");
    for _ in 0..1000 {
        change::<u64>(&states[1], "halo", |all| all[16..].iter_mut().for_each(|n| *n += 1));
        change::<f64>(&states[1], "w", |all| all.fill(8.0));
    }
    bridges.signal(1, "-CONT");
    until("all arrives", || {
        read::<u64>(&states[0], "halo")[16..] == [1000; 16]
            && read::<f64>(&states[0], "w") == [4.0; 4]
    });
    bridges.signal(0, "-TERM");
    assert!(bridges.end().iter().all(|(code, _)| *code == Some(0)));
}

/// All bridges are killed at random moments, again and again, while both nodes count in their rows.
/// Each count is exact in the end, and never goes back meanwhile.
#[test]
fn no_count_is_lost_when_bridges_are_killed() {
    let names = Names::new(2);
    let states = states(&names, 2, &FIELDS);
    let mut bridges = Processes::start(2, &names.pattern, &RULES);
    settled(&states);
    let kills = 25;
    let done = &AtomicBool::new(false);
    let counts = thread::scope(|scope| {
        let ends = Ends(done);
        let counters: Vec<_> = states
            .iter()
            .enumerate()
            .map(|(node, state)| {
                scope.spawn(move || {
                    count(state, node, done, || {
                        change::<f64>(state, "w", |w| w[0] += 1.0);
                        thread::sleep(Duration::from_micros(200));
                    })
                })
            })
            .collect();
        for round in 0..kills {
            // Half of the time in the middle of their work, otherwise as they start.
            if round % 4 < 2 {
                let had = read::<u64>(&states[1], "step");
                until("values move", || read::<u64>(&states[1], "step") != had);
            }
            thread::sleep(Duration::from_micros(fastrand::u64(0..20_000)));
            // One or the other first: the other ends because of it, or is killed as well.
            bridges.signal(round % 2, "-KILL");
            bridges.kill();
            bridges = Processes::start(2, &names.pattern, &RULES);
        }
        drop(ends);
        counters.into_iter().map(|each| each.join().unwrap()).collect::<Vec<u64>>()
    });
    counted(&states, &counts);
    until("the means agree", || read::<f64>(&states[0], "w") == read::<f64>(&states[1], "w"));
    let (mean, most) = (read::<f64>(&states[0], "w")[0], counts[0].max(counts[1]) as f64);
    assert!(mean > 0.0 && mean <= 2.0 * most, "{mean} of {counts:?}");
    bridges.signal(0, "-TERM");
    assert!(bridges.end().iter().all(|(code, _)| *code == Some(0)));
}
