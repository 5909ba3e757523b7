//! What arrives where, in each mode.

use std::thread;
use std::time::Duration;

use shma_bridge::Settings;
use shma_bridge::rules::Words;
use shma_core::untyped::Wait;

use crate::support::{
    Names, Team, change, one_group, read, settled, states, until, version, write,
};

pub fn words(publish: &[&str], gather: &[&str], mean: &[&str], together: &[&str]) -> Words {
    let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    Words { publish: own(publish), gather: own(gather), mean: own(mean), together: own(together) }
}

pub fn settings(names: &Names, rules: Words) -> impl Fn(usize) -> Settings + use<> {
    let pattern = names.pattern.clone();
    move |_| Settings {
        rules: rules.clone(),
        every: Duration::from_millis(2),
        ..Settings::new(pattern.clone())
    }
}

#[test]
fn the_newest_value_of_one_node_goes_to_all() {
    let names = Names::new(3);
    let states = states(&names, 3, &[("step", "u64")]);
    let team = Team::start(3, settings(&names, words(&["step@1"], &[], &[], &[])));
    for step in 1..=200_u64 {
        write(&states[1], "step", &[step]);
        if step % 50 == 0 {
            for state in &states {
                until("it arrives", || read::<u64>(state, "step") == [step]);
            }
        }
    }
    team.stop(2);
}

/// A program that waits for a publication must not miss one that repeats the value.
#[test]
fn a_publication_that_repeats_the_value_arrives() {
    let names = Names::new(2);
    let states = states(&names, 2, &[("go", "u32")]);
    let team = Team::start(2, settings(&names, words(&["go@0"], &[], &[], &[])));
    write(&states[0], "go", &[1_u32]);
    until("it arrives", || read::<u32>(&states[1], "go") == [1]);
    let before = version(&states[1], "go");
    write(&states[0], "go", &[1_u32]);
    until("it arrives again", || version(&states[1], "go") > before);
    team.stop(0);
}

/// The rows of a node that writes are exact everywhere, whatever other nodes write at the same time,
/// and whether rows divide by nodes or not.
#[test]
fn each_node_owns_its_rows() {
    let names = Names::new(3);
    let states = states(&names, 3, &[("halo", "[[u64; 2]; 7]")]);
    let team = Team::start(3, settings(&names, words(&[], &["halo"], &[], &[])));
    // Of 7 rows, nodes own 0..2, 2..4, 4..7.
    let rows = [0..2, 2..4, 4..7];
    thread::scope(|scope| {
        for (state, rows) in states.iter().zip(&rows) {
            scope.spawn(move || {
                for _ in 0..300 {
                    change::<u64>(state, "halo", |all| {
                        all[rows.start * 2..rows.end * 2].iter_mut().for_each(|value| *value += 1);
                    });
                }
            });
        }
    });
    for state in &states {
        until("all rows arrive", || read::<u64>(state, "halo") == [300; 14]);
    }
    team.stop(0);
}

#[test]
fn all_nodes_move_to_the_mean() {
    for ty in ["f32", "f64"] {
        let names = Names::new(3);
        let states = states(&names, 3, &[("w", &format!("[{ty}; 3]"))]);
        for (node, state) in states.iter().enumerate() {
            let node = node as f64;
            match ty {
                "f32" => write(state, "w", &[node as f32, 3.0, f32::MAX]),
                _ => write(state, "w", &[node, 3.0, f64::INFINITY]),
            }
        }
        let team = Team::start(3, settings(&names, words(&[], &[], &["w"], &[])));
        for state in &states {
            until("the mean arrives", || match ty {
                "f32" => read::<f32>(state, "w") == [1.0, 3.0, f32::MAX],
                _ => read::<f64>(state, "w") == [1.0, 3.0, f64::INFINITY],
            });
        }
        team.stop(0);
    }
}

#[test]
fn halves_and_complex_numbers_have_a_mean() {
    let names = Names::new(2);
    let fields = [("f16", "f16"), ("bf16", "bf16"), ("c", "[Complex<f32>; 2]")];
    let states = states(&names, 2, &fields);
    // 1 and 3, whose mean is 2.
    for (state, (f16, bf16, c)) in
        states.iter().zip([(0x3c00_u16, 0x3f80_u16, 1.0_f32), (0x4200, 0x4040, 3.0)])
    {
        write(state, "f16", &[f16]);
        write(state, "bf16", &[bf16]);
        write(state, "c", &[c, -c, 0.5, c]);
    }
    let rules = words(&[], &[], &["f16", "bf16", "c"], &[]);
    let team = Team::start(2, settings(&names, rules));
    for state in &states {
        until("the means arrive", || {
            read::<u16>(state, "f16") == [0x4000]
                && read::<u16>(state, "bf16") == [0x4000]
                && read::<f32>(state, "c") == [2.0, -2.0, 0.5, 2.0]
        });
    }
    team.stop(0);
}

/// What is written while a mean is under way is kept: each addition of 1 at one of two nodes moves
/// the mean by a half.
#[test]
fn what_is_written_meanwhile_is_kept() {
    let names = Names::new(2);
    let states = states(&names, 2, &[("w", "[f64; 64]")]);
    let team = Team::start(2, settings(&names, words(&[], &[], &["w"], &[])));
    settled(&states);
    thread::scope(|scope| {
        for state in &states {
            scope.spawn(|| {
                for _ in 0..2000 {
                    change::<f64>(state, "w", |all| all.iter_mut().for_each(|w| *w += 1.0));
                }
            });
        }
    });
    for state in &states {
        until("both have all", || {
            read::<f64>(state, "w").iter().all(|w| (w - 2000.0).abs() < 1e-6)
        });
    }
    team.stop(1);
}

/// No value goes round: once nothing is written, nothing moves, in no mode.
#[test]
fn bridges_come_to_rest() {
    let names = Names::new(2);
    let fields = [("step", "u64"), ("halo", "[u64; 2]"), ("w", "[f32; 3]")];
    let states = states(&names, 2, &fields);
    let rules = words(&["step@0"], &["halo"], &["w"], &[]);
    let team = Team::start(2, settings(&names, rules));
    write(&states[0], "step", &[7_u64]);
    change::<u64>(&states[1], "halo", |all| all[1] = 9);
    write(&states[1], "w", &[0.1_f32, 0.2, 0.3]);
    until("values arrive", || {
        read::<u64>(&states[1], "step") == [7]
            && read::<u64>(&states[0], "halo")[1] == 9
            && read::<f32>(&states[0], "w") == read::<f32>(&states[1], "w")
            && read::<f32>(&states[0], "w")[0] != 0.0
    });
    let versions = || -> Vec<u64> {
        let of = |state| fields.map(|(field, _)| version(state, field));
        states.iter().flat_map(of).collect()
    };
    // Fifty means more would have been due.
    let mut last = versions();
    until("nothing is published for 100 ms", || {
        thread::sleep(Duration::from_millis(100));
        std::mem::replace(&mut last, versions()) == versions()
    });
    team.stop(0);
}

/// A reader of a group never sees a mixture, and neither does the bridge. The first field is large, so
/// that the other one changes while it is read.
#[test]
fn a_group_arrives_as_one() {
    let names = Names::new(2);
    let states = states(&names, 2, &[("a", "[u64; 32768]"), ("other", "u64"), ("b", "u64")]);
    let rules = words(&["a@0", "b@0"], &[], &[], &["a,b"]);
    let team = Team::start(2, settings(&names, rules));
    one_group(&states, 32768, 300);
    team.stop(0);
}

/// Large values go in parts. Here a part is a few bytes, and cuts numbers in two.
#[test]
fn values_go_in_parts() {
    let names = Names::new(2);
    let fields = [("p", "[u32; 100]"), ("g", "[[u32; 3]; 5]"), ("m", "[f64; 7]")];
    let states = states(&names, 2, &fields);
    let rules = words(&["p@1"], &["g"], &["m"], &[]);
    let base = settings(&names, rules);
    let team = Team::start(2, |node| Settings { part: 7, ..base(node) });
    settled(&states);
    let long: Vec<u32> = (0..100).collect();
    write(&states[1], "p", &long);
    change::<u32>(&states[1], "g", |all| all[6..].fill(8));
    change::<u32>(&states[0], "g", |all| all[..6].fill(4));
    write(&states[0], "m", &[2.0_f64; 7]);
    until("all arrive", || {
        states.iter().all(|state| {
            read::<u32>(state, "p") == long
                && read::<u32>(state, "g") == [[4; 6].as_slice(), &[8; 9]].concat()
                && read::<f64>(state, "m") == [1.0; 7]
        })
    });
    team.stop(0);
}

/// A local program that holds a semaphore delays its own node, not the others.
#[test]
fn a_held_semaphore_delays_one_node() {
    let names = Names::new(3);
    let states = states(&names, 3, &[("step", "u64")]);
    let team = Team::start(3, settings(&names, words(&["step@0"], &[], &[], &[])));
    write(&states[0], "step", &[1_u64]);
    until("it arrives", || read::<u64>(&states[1], "step") == [1]);
    let held = states[1].field("step").unwrap().hold(Wait::Forever).unwrap();
    for step in 2..20_u64 {
        write(&states[0], "step", &[step]);
        until("it arrives at the other", || read::<u64>(&states[2], "step") == [step]);
    }
    drop(held);
    until("it arrives when it can", || read::<u64>(&states[1], "step") == [19]);
    team.stop(0);
}

/// NaN goes on into the mean, and is told of once, with the node that had it first.
#[test]
fn nan_is_reported_once_for_each_field() {
    let names = Names::new(2);
    let states = states(&names, 2, &[("v", "[f32; 3]"), ("w", "[f32; 3]")]);
    let team = Team::start(2, settings(&names, words(&[], &[], &["v", "w"], &[])));
    write(&states[1], "w", &[1.0_f32, f32::NAN, 2.0]);
    until("it arrives", || read::<f32>(&states[0], "w")[1].is_nan());
    for round in 1..20_u8 {
        write(&states[0], "v", &[f32::from(round); 3]);
        until("the mean arrives", || read::<f32>(&states[1], "v")[0] != 0.0);
        change::<f32>(&states[0], "w", |w| w[0] += 1.0);
        let had = version(&states[1], "w");
        until("another mean arrives", || version(&states[1], "w") > had);
    }
    let reports: Vec<String> = {
        let (stop, mut all) = (team, Vec::new());
        while let Ok(text) = stop.reports.try_recv() {
            all.push(text);
        }
        stop.stop(0);
        all
    };
    let expected = "field `w`: node 1 has NaN, first in number 1, and so has the mean from now on";
    assert_eq!(reports, [expected]);
}
