//! Peers as processes over TCP of this machine. Two or three regions play as many nodes.

#[expect(dead_code, reason = "what the tests with threads need is not used here")]
#[path = "../nodes/support.rs"]
mod support;

mod peers;

use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use peers::Job;
use shma_core::untyped;
use support::{
    Ends, Names, change, count, counted, create, declare, one_group, read, states, until, version,
    write,
};

const FIELDS: [(&str, &str); 3] = [("step", "u64"), ("halo", "[[u64; 8]; 4]"), ("go", "u32")];
const RULES: [&str; 6] = ["--publish", "step@0", "--gather", "halo", "--publish", "go@1"];

#[test]
fn values_go_both_ways_and_repeat() {
    let names = Names::new(2);
    let states = states(&names, 2, &FIELDS);
    let job = Job::start(2, &names.pattern, &RULES);
    for step in 1..=50_u64 {
        write(&states[0], "step", &[step]);
        change::<u64>(&states[1], "halo", |all| all[16..].fill(step));
        until("both arrive", || {
            read::<u64>(&states[1], "step") == [step]
                && read::<u64>(&states[0], "halo")[16..] == [step; 16]
        });
    }
    // A program that waits for a publication must not miss one that repeats the value.
    write(&states[1], "go", &[1_u32]);
    until("it arrives", || read::<u32>(&states[0], "go") == [1]);
    let before = version(&states[0], "go");
    write(&states[1], "go", &[1_u32]);
    until("it arrives again", || version(&states[0], "go") > before);
    // Each ends by itself, and the other one goes on.
    assert_eq!(job.end(1, "-TERM"), (Some(0), String::new()));
    write(&states[0], "step", &[99_u64]);
    assert_eq!(job.end(0, "-INT"), (Some(0), String::new()));
}

/// Either bridge is killed, and started again, while both nodes count in their rows. The other one stays
/// the same process, each count is exact in the end, and none goes back.
#[test]
fn either_may_be_killed_and_the_other_lives() {
    let names = Names::new(2);
    let states = states(&names, 2, &FIELDS);
    let mut job = Job::start(2, &names.pattern, &RULES);
    let done = &AtomicBool::new(false);
    let counts = thread::scope(|scope| {
        let ends = Ends(done);
        let counters: Vec<_> = states
            .iter()
            .enumerate()
            .map(|(node, state)| {
                scope.spawn(move || {
                    count(state, node, done, || thread::sleep(Duration::from_micros(300)))
                })
            })
            .collect();
        let mut last = [0; 3];
        for round in 0..10 {
            let had = [read::<u64>(&states[1], "step")[0], read::<u64>(&states[0], "halo")[16]];
            until("values move both ways", || {
                let step = read::<u64>(&states[1], "step")[0];
                let rows =
                    [read::<u64>(&states[0], "halo")[16], read::<u64>(&states[1], "halo")[0]];
                let now = [step, rows[0], rows[1]];
                assert!(now.iter().zip(&last).all(|(now, last)| now >= last), "{last:?} {now:?}");
                last = now;
                step > had[0] && rows[0] > had[1]
            });
            thread::sleep(Duration::from_micros(fastrand::u64(0..20_000)));
            let (killed, other) = (round % 2, job.id(1 - round % 2));
            job.kill(killed);
            assert!(job.is_running(1 - killed), "the other one has ended as well");
            job.start_again(killed);
            assert_eq!(job.id(1 - killed), other);
        }
        drop(ends);
        counters.into_iter().map(|each| each.join().unwrap()).collect::<Vec<u64>>()
    });
    counted(&states, &counts);
    for node in 0..2 {
        assert_eq!(job.end(node, "-TERM"), (Some(0), String::new()));
    }
}

/// One that comes later gets all without a new write, and the others learn of it through the one that it
/// knows. A new region takes its own rows as well.
#[test]
fn a_late_joiner_gets_what_there_is() {
    let names = Names::new(3);
    let fields = [("step", "u64"), ("halo", "[u64; 3]")];
    let rules = ["--publish", "step@2", "--gather", "halo"];
    let mut all: Vec<_> = (0..2).map(|node| create(&names.of(node), &declare(&fields))).collect();
    let mut job = Job::of(3, &names.pattern, &rules);
    write(&all[0], "halo", &[5_u64, 0, 7]);
    write(&all[0], "step", &[40_u64]);
    write(&all[1], "halo", &[0_u64, 6, 0]);
    (0..2).for_each(|node| job.start_again(node));
    until("they meet", || read::<u64>(&all[1], "halo")[0] == 5);
    job.start_again(2);
    all.push(create(&names.of(2), &declare(&fields)));
    until("it has all", || {
        // Of node 2 both others keep something; its own row and step 40 are with node 0 alone, and what
        // is newest of them no peer can know.
        let halo = read::<u64>(&all[2], "halo");
        halo[..2] == [5, 6]
    });
    change::<u64>(&all[2], "halo", |halo| halo[2] = 8);
    write(&all[2], "step", &[41_u64]);
    for state in &all {
        until("all have all", || {
            read::<u64>(state, "halo") == [5, 6, 8] && read::<u64>(state, "step") == [41]
        });
    }
    // Its region goes, and comes back new: now all is known.
    untyped::options().unlink(&names.of(2)).unwrap();
    all[2] = create(&names.of(2), &declare(&fields));
    until("it is back", || {
        read::<u64>(&all[2], "halo") == [5, 6, 8] && read::<u64>(&all[2], "step") == [41]
    });
    write(&all[2], "step", &[42_u64]);
    until("it goes on", || all.iter().all(|state| read::<u64>(state, "step") == [42]));
}

/// A peer that is stopped hears nothing and says nothing, as one behind a broken network. The others go
/// on without it, and afterwards it gets the newest; what it kept to itself arrives as well.
#[test]
fn a_peer_that_was_cut_off_comes_back() {
    let names = Names::new(3);
    let fields = [("step", "u64"), ("halo", "[u64; 3]"), ("large", "[u64; 50000]")];
    let states = states(&names, 3, &fields);
    let rules = ["--publish", "step@0", "--gather", "halo", "--publish", "large@0"];
    let job = Job::start(3, &names.pattern, &rules);
    write(&states[0], "step", &[1_u64]);
    until("they meet", || states.iter().all(|state| read::<u64>(state, "step") == [1]));
    job.signal(2, "-STOP");
    // So much that no buffer on the way can keep it.
    for step in 2..=200_u64 {
        write(&states[0], "large", &[step; 50_000]);
        write(&states[0], "step", &[step]);
        change::<u64>(&states[1], "halo", |halo| halo[1] = step);
        change::<u64>(&states[2], "halo", |halo| halo[2] = step);
        until("the others go on", || {
            read::<u64>(&states[1], "step") == [step]
                && read::<u64>(&states[1], "large")[49_999] == step
                && read::<u64>(&states[0], "halo")[1] == step
        });
    }
    assert_ne!(read::<u64>(&states[2], "step"), [200]);
    job.signal(2, "-CONT");
    for state in &states {
        until("all have all", || {
            read::<u64>(state, "step") == [200]
                && read::<u64>(state, "halo")[1..] == [200, 200]
                && read::<u64>(state, "large") == [200; 50_000]
        });
    }
    (0..3).for_each(|node| assert_eq!(job.end(node, "-TERM"), (Some(0), String::new())));
}

#[test]
fn a_group_arrives_as_one() {
    let names = Names::new(2);
    let states = states(&names, 2, &[("a", "[u64; 8192]"), ("b", "u64")]);
    let _job = Job::start(
        2,
        &names.pattern,
        &["--publish", "a@0", "--publish", "b@0", "--together", "a,b"],
    );
    one_group(&states, 8192, 100);
}

/// What cannot be is said by the command, and what differs by both.
#[test]
fn each_process_says_why() {
    let names = Names::new(2);
    let _states: Vec<_> = ["[f32; 4]", "[f32; 5]"]
        .iter()
        .enumerate()
        .map(|(node, ty)| create(&names.of(node), &declare(&[("w", ty), ("step", "u64")])))
        .collect();
    let ended = Job::start(2, &names.pattern, &["--mean", "w"]).wait();
    for (code, said) in ended {
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("`w`") && said.contains("a mean needs the numbers of all nodes"),
            "{said}"
        );
    }
    for (code, said) in Job::start(2, &names.pattern, &["--publish", "step@0"]).wait() {
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("w: node ") && said.contains("[f32; 5]"), "{said}");
    }
}

/// A second bridge with the number of a node ends, and the first one goes on.
#[test]
fn a_node_has_one_bridge() {
    let names = Names::new(2);
    let states = states(&names, 2, &FIELDS);
    let job = Job::start(2, &names.pattern, &RULES);
    write(&states[0], "step", &[1_u64]);
    until("they meet", || read::<u64>(&states[1], "step") == [1]);
    let (code, said) = job.twin(1);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("node 1 has a bridge already"), "{said}");
    write(&states[0], "step", &[2_u64]);
    until("the first one goes on", || read::<u64>(&states[1], "step") == [2]);
    (0..2).for_each(|node| assert_eq!(job.end(node, "-TERM"), (Some(0), String::new())));
}
