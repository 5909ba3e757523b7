//! What is refused, at start and later: on every node, with the reason, which names the field.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use shma_bridge::Settings;
use shma_bridge::rules::Words;
use shma_core::untyped::{self, Attributes, Type};

use crate::modes::{settings, words};
use crate::support::{Names, Processes, Team, create, declare, read, states, until, write};

fn all_say(team: Team, parts: &[&str]) {
    for (result, _) in team.end() {
        let said = result.expect_err("it should have been refused").to_string();
        for part in parts {
            assert!(said.contains(part), "no {part:?} in {said:?}");
        }
    }
}

#[test]
fn rules_that_make_no_sense_are_refused_on_all_nodes() {
    let names = Names::new(2);
    for node in 0..2 {
        let mut declaration = declare(&[("w", "[f32; 4]"), ("n", "[i64; 4]"), ("one", "f64")]);
        let point = Type::structure("Point", [("x", "f32".parse().unwrap())]).unwrap();
        declaration.field("point", point, Attributes::new()).unwrap();
        let counter = "[u64; 2]".parse().unwrap();
        declaration.field("hits", counter, Attributes::new().atomic()).unwrap();
        // Kept by the handle only while it lives, so persistent.
        untyped::options().persistent(true).create(&names.of(node), &declaration).unwrap();
    }
    let refused = |rules: Words, parts: &[&str]| {
        all_say(Team::start(2, settings(&names, rules)), parts);
    };
    refused(words(&[], &[], &[], &[]), &["no field is to be mirrored"]);
    refused(
        words(&["w@0"], &["w"], &[], &[]),
        &["`w`", "two rules", "published by node 0", "gathered"],
    );
    refused(words(&[], &[], &["w", "w"], &[]), &["`w`", "two rules"]);
    refused(words(&["w@0", "w@1"], &[], &[], &[]), &["`w`", "two owners, node 0 and node 1"]);
    refused(words(&["w@2"], &[], &[], &[]), &["`w`", "node 2", "the last of 2 nodes is node 1"]);
    refused(words(&["w@-1"], &[], &[], &[]), &["`w`", "`-1` is no node"]);
    refused(words(&["w@"], &[], &[], &[]), &["`w`", "is no node"]);
    refused(words(&["w"], &[], &[], &[]), &["`w`", "no node publishes it"]);
    refused(words(&["@0"], &[], &[], &[]), &["``", "empty"]);
    refused(words(&[], &[], &["n"], &[]), &["`n`", "[i64; 4]", "only floats"]);
    refused(words(&[], &[], &["point"], &[]), &["`point`", "only floats"]);
    for rules in [
        words(&["hits@0"], &[], &[], &[]),
        words(&[], &["hits"], &[], &[]),
        words(&[], &[], &["hits"], &[]),
    ] {
        refused(rules, &["`hits`", "atomic"]);
    }
    refused(words(&[], &["one"], &[], &[]), &["`one`", "rows of an array"]);
    refused(words(&[], &[], &["nothing"], &[]), &["`nothing`", "no such field", "point"]);
    refused(words(&["w@0"], &[], &[], &["w,n"]), &["`n`", "has no rule"]);
    refused(words(&["w@0", "n@0"], &[], &[], &["w,n", "n"]), &["`n`", "twice in --together"]);
}

#[test]
fn layouts_that_differ_are_refused_with_the_difference() {
    let names = Names::new(3);
    let _states: Vec<_> = ["[f32; 4]", "[f32; 4]", "[f32; 5]"]
        .iter()
        .enumerate()
        .map(|(node, ty)| create(&names.of(node), &declare(&[("w", ty), ("step", "u64")])))
        .collect();
    let team = Team::start(3, settings(&names, words(&["step@0"], &[], &[], &[])));
    all_say(team, &["node 2 and node 0 differ", "w: node 0 has [f32; 4]", "node 2 [f32; 5]"]);
}

#[test]
fn rules_and_parts_that_differ_are_refused() {
    let names = Names::new(2);
    let _states = states(&names, 2, &[("a", "u64"), ("b", "u64")]);
    let of = [words(&["a@0"], &[], &[], &[]), words(&["b@0"], &[], &[], &[])];
    let pattern = names.pattern.clone();
    let team =
        Team::start(2, |node| Settings { rules: of[node].clone(), ..Settings::new(&pattern) });
    all_say(team, &["the rules", "node 0 has `a`", "node 1 has `b`"]);
    let base = settings(&names, of[0].clone());
    let team = Team::start(2, |node| Settings { part: 64 + node, ..base(node) });
    all_say(team, &["the settings", "64 bytes", "65 bytes"]);
}

/// Later too: the program was built anew on one node.
#[test]
fn a_region_made_anew_with_another_layout_ends_all() {
    let names = Names::new(2);
    let mut states = states(&names, 2, &[("a", "u64")]);
    let team = Team::start(2, settings(&names, words(&["a@0"], &[], &[], &[])));
    write(&states[0], "a", &[3_u64]);
    until("it arrives", || read::<u64>(&states[1], "a") == [3]);
    untyped::options().unlink(&names.of(1)).unwrap();
    states[1] = create(&names.of(1), &declare(&[("a", "f32")]));
    all_say(team, &["node 1", "another layout", "a: the old one has u64", "the new one f32"]);
}

#[test]
fn a_region_that_is_not_there_is_waited_for() {
    let names = Names::new(2);
    let near = create(&names.of(0), &declare(&[("a", "u64")]));
    let base = settings(&names, words(&["a@0"], &[], &[], &[]));
    let brief = |node| Settings { wait: Duration::from_millis(50), ..base(node) };
    all_say(Team::start(2, brief), &["node 1", &names.of(1), "does not exist"]);

    let team = Team::start(2, &base);
    write(&near, "a", &[3_u64]);
    let far = create(&names.of(1), &declare(&[("a", "u64")]));
    until("it arrives", || read::<u64>(&far, "a") == [3]);
    team.stop(1);

    // And one that waits can be told to stop.
    untyped::options().unlink(&names.of(1)).unwrap();
    Team::start(2, &base).stop(0);
}

#[test]
fn what_is_no_region_is_refused_at_once() {
    let names = Names::new(2);
    let _near = create(&names.of(0), &declare(&[("a", "u64")]));
    std::fs::write(format!("/dev/shm/shma.{}", names.of(1)), "no region").unwrap();
    let team = Team::start(2, settings(&names, words(&["a@0"], &[], &[], &[])));
    let said = team.end();
    std::fs::remove_file(format!("/dev/shm/shma.{}", names.of(1))).unwrap();
    for (result, _) in said {
        let said = result.unwrap_err().to_string();
        assert!(said.contains("node 1") && said.contains("not a region"), "{said}");
    }
}

/// The command says it too, and each process ends with 1.
#[test]
fn each_process_says_why() {
    let names = Names::new(2);
    let _states = states(&names, 2, &[("n", "[i64; 4]")]);
    let ended = Processes::start(2, &names.pattern, &["--mean", "n"]).end();
    for (code, said) in ended {
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("`n`") && said.contains("only floats"), "{said}");
    }
}

/// Times that no clock reaches are as good as for ever.
#[test]
fn a_wait_may_be_endless() {
    let names = Names::new(2);
    let near = create(&names.of(0), &declare(&[("a", "u64"), ("w", "f32")]));
    let most = u64::MAX.to_string();
    let rules = ["--publish", "a@0", "--mean", "w", "--wait", &most, "--every", &most];
    let bridges = Processes::start(2, &names.pattern, &rules);
    write(&near, "a", &[3_u64]);
    let far = create(&names.of(1), &declare(&[("a", "u64"), ("w", "f32")]));
    until("it arrives", || read::<u64>(&far, "a") == [3]);
    bridges.signal(0, "-TERM");
    for (code, said) in bridges.end() {
        assert_eq!((code, said.as_str()), (Some(0), ""));
    }
}

/// Bridges of one job share standard error. What one says in pieces mixes with what others say.
#[test]
fn a_reason_is_said_in_one_piece() {
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    let names = Names::new(1);
    let mut command = Command::new(env!("CARGO_BIN_EXE_shma-bridge"));
    command.arg(&names.pattern).args(["--gather", "a", "--node", "1", "--nodes", "1"]);
    command.args(["--local", "/nowhere"]).stderr(OwnedFd::from(theirs));
    assert_eq!(command.status().unwrap().code(), Some(1));
    // Each call that writes is a message of its own.
    let mut bytes = [0; 1000];
    let len = ours.recv(&mut bytes).unwrap();
    let said = String::from_utf8_lossy(&bytes[..len]);
    assert_eq!(said, "shma-bridge: there is no node 1: the last of 1 nodes is 0\n");
}
