//! A file system that has no room left.

use std::fs::File;
use std::io::{self, Write};
use std::process::Command;

use shma_core::untyped;

use crate::modes::{settings, words};
use crate::support::{Names, Team, change, create, declare, read, settled, states, until, write};

const FIELDS: [(&str, &str); 2] = [("step", "u64"), ("halo", "[[u64; 8192]; 2]")];
const INSIDE: &str = "SHMA_BRIDGE_FULL";

/// Values go between regions that are there. One that cannot be made anew delays no other node, and once
/// there is room it gets all.
///
/// This program runs the test in a mount namespace, where `/dev/shm` is small.
#[test]
fn a_full_file_system_stops_no_bridge() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let mount = "mount -t tmpfs -o size=4m none /dev/shm";
    let run = format!("{mount} && exec \"$0\" --exact full::a_full_file_system_stops_no_bridge");
    let namespace = ["--mount", "--propagation", "private", "sh", "-c"];
    let try_it = Command::new("unshare").args(namespace).arg(mount).output();
    if !try_it.is_ok_and(|tried| tried.status.success()) {
        let _ = writeln!(io::stderr(), "skipped: no file system can be mounted here");
        return;
    }
    let mut command = Command::new("unshare");
    command.args(namespace).arg(run).arg(std::env::current_exe().unwrap()).env(INSIDE, "1");
    let ran = command.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}

/// Writes until there is no room.
fn fill() {
    let name = format!("/dev/shm/filler-{:x}", fastrand::u64(..));
    let mut file = File::create(name).unwrap();
    let filled = io::copy(&mut io::repeat(1), &mut file).unwrap_err();
    assert_eq!(filled.kind(), io::ErrorKind::StorageFull);
}

fn inside() {
    let names = Names::new(2);
    let mut states = states(&names, 2, &FIELDS);
    let team = Team::start(2, settings(&names, words(&["step@0"], &["halo"], &[], &[])));
    settled(&states);
    fill();
    for step in 1..50_u64 {
        write(&states[0], "step", &[step]);
        change::<u64>(&states[1], "halo", |halo| halo[8192..].fill(step));
        until("both arrive", || {
            read::<u64>(&states[1], "step") == [step]
                && read::<u64>(&states[0], "halo")[8192..] == [step; 8192]
        });
    }
    untyped::options().unlink(&names.of(1)).unwrap();
    drop(states.remove(1));
    let create_again = || untyped::options().create(&names.of(1), &declare(&FIELDS));
    let mut refused = String::new();
    until("there is no room for it", || {
        fill();
        match create_again() {
            Ok(_) => untyped::options().unlink(&names.of(1)).unwrap(),
            Err(error) => refused = error.to_string(),
        }
        !refused.is_empty()
    });
    assert!(refused.contains(&names.of(1)), "{refused}");
    for step in 50..100_u64 {
        write(&states[0], "step", &[step]);
    }
    for file in std::fs::read_dir("/dev/shm").unwrap().flatten() {
        if file.file_name().to_string_lossy().starts_with("filler-") {
            std::fs::remove_file(file.path()).unwrap();
        }
    }
    states.push(create(&names.of(1), &declare(&FIELDS)));
    until("it has all", || {
        read::<u64>(&states[1], "step") == [99]
            && read::<u64>(&states[1], "halo")[8192..] == [49; 8192]
    });
    team.stop(0);
}
