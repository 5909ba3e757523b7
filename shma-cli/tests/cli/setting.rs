//! Values that an operator writes.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use shma_core::ShmState;
use shma_tests::program;
use shma_tests::region::Name;
use shma_tests::skip::skip;
use shma_tests::watchdog::watched;
use tempfile::tempdir;

use crate::owner::{Lab, Owner, filled as lab};
use crate::paths::{Control, filled};
use crate::shma::{Ran, command, shma};

fn set(name: &Name, path: &str, value: &str) -> Ran {
    shma(&["set", name, path, value])
}

fn values(name: &Name, path: &str) -> Value {
    let mut answer = shma(&["get", name, path, "--json"]).json();
    answer["values"].take()
}

#[test]
fn a_value_comes_back_as_it_was_written() {
    watched(|| {
        let name = Name::new("set");
        let state = Control::create(&name, &filled()).unwrap();
        for (path, value, expected) in [
            ("count", "18446744073709551615", json!(u64::MAX)),
            ("setpoint.target", "[1, -2.5, 1e300]", json!([1.0, -2.5, 1e300])),
            ("setpoint.target[1:]", "[NaN, 3]", json!(["NaN", 3.0])),
            ("setpoint.target[1:]", "[2, -Infinity]", json!([2.0, "-Infinity"])),
            ("setpoint.target[1:]", "[\"NaN\", 3]", json!(["NaN", 3.0])),
            ("setpoint.target", "-inf", json!(["-Infinity", "-Infinity", "-Infinity"])),
            ("setpoint.gain", "nan", json!("NaN")),
            ("setpoint.gain", "-1", json!(-1.0)),
            ("setpoint.corners[1].x", "[7, 8]", json!([7.0, 8.0])),
            ("setpoint.corners[0, 1]", r#"{"y": 2, "x": 0.1}"#, json!({ "x": 0.1, "y": 2.0 })),
            ("actors[::2].episodes", "3", json!([3, 3, 3, 3])),
            ("actors[1:4].episodes", "[10, 20, 30]", json!([10, 20, 30])),
            ("actors[::-3].episodes", "[1, 2, 3]", json!([1, 2, 3])),
            ("hits[1::2]", "[50, 60]", json!([50, 60])),
            ("hits", "9", json!([9, 9, 9, 9])),
        ] {
            set(&name, path, value).done();
            assert_eq!(values(&name, path), expected, "{path}");
        }
        let seen = values(&name, "actors.episodes");
        assert_eq!(seen, json!([3, 3, 20, 30, 2, 50, 3, 1]), "neighbours are as they were");
        let gain = state.setpoint.read().gain;
        assert_eq!(gain.to_bits(), (-1.0_f64).to_bits());
    });
}

#[test]
fn every_kind_of_number_can_be_written() {
    watched(|| {
        let name = Name::new("set-kinds");
        let _lab = Lab::create(&name, &lab()).unwrap();
        for (path, value, expected) in [
            ("wide", "-170141183460469231731687303715884105728", json!(i128::MIN.to_string())),
            ("halves", "[0.1, -inf, 65504]", json!([0.099_975_586, "-Infinity", 65504.0])),
            ("brains[0]", "3.14", json!(3.140_625)),
            ("waves", "[1, -2]", json!([[1.0, -2.0], [1.0, -2.0]])),
            ("waves", "[[1, 2], [3, \"NaN\"]]", json!([[1.0, 2.0], [3.0, "NaN"]])),
            ("waves[1]", "4", json!([4.0, 0.0])),
            ("grid[:, 1]", "[1, 2, 3]", json!([1.0, 2.0, 3.0])),
            ("poses[0].flags", "[0, 255, 1, 2]", json!([0, 255, 1, 2])),
        ] {
            set(&name, path, value).done();
            assert_eq!(values(&name, path), expected, "{path}");
        }
        for (path, value, words) in [
            (
                "poses[0].flags",
                "[0, 256, 1, 2]",
                "`poses[0].flags[1]` is u8, and `256` is out of range",
            ),
            ("poses[0].id", "-1", "is u32, and `-1` is out of range"),
            ("poses[0].id", "1.5", "is u32, and `1.5` is no integer"),
            ("poses[0].id", "true", "`true` is no number"),
            ("poses[0].id", "x", "`x` is no integer"),
            ("poses[0].id", "", "`` is no integer"),
            ("halves", "70000", "`70000` is out of range"),
            ("grid", "1e39", "is [[f32; 4]; 3]"),
            ("grid[0]", "[1, 2]", "2 elements where 4 belong"),
            ("grid[0]", "[1, 2, 3, [4]]", "`grid[0][3]` is f32, and `[4]` is no number"),
            ("poses[0]", r#"{"id": 3}"#, "without the member `at`"),
            ("poses[0]", r#"{"id": 3, "at": [1, 2], "flags": 0, "x": 1}"#, "a member `x` too many"),
            ("grid[0", "1", "no closing bracket"),
            ("grid[3:]", "1", "selects nothing"),
            ("grid[0]", "[1, 2", "is not JSON"),
        ] {
            let before = shma(&["get", &name, "grid", "--json"]).done();
            let message = set(&name, path, value).failed(2);
            assert!(message.contains(words), "{path} {value}: {message}");
            assert_eq!(shma(&["get", &name, "grid", "--json"]).done(), before);
        }
        set(&name, "gird", "1").failed(3);
    });
}

#[test]
fn a_version_is_compared_under_the_semaphore() {
    watched(|| {
        let name = Name::new("set-version");
        let state = Control::create(&name, &filled()).unwrap();
        let answer = shma(&["set", &name, "count", "5", "--if-version", "1", "--json"]).json();
        assert_eq!((&answer["version"], &answer["path"]), (&json!(2), &json!("count")));
        let message = shma(&["set", &name, "count", "6", "--if-version", "1"]).failed(5);
        assert!(message.contains("at version 2, not 1"), "{message}");
        assert_eq!(state.count.read(), 5);
        assert_eq!(u64::from(state.count.version()), 2);
        shma(&["set", &name, "hits", "6", "--if-version", "1"]).failed(2);
        // Among many processes that compare with the same version, one writes.
        let tries: Vec<_> = (0..6)
            .map(|i| {
                let value = format!("{}", 100 + i);
                let mut command = command(&["set", &name, "count", &value, "--if-version", "2"]);
                command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
            })
            .collect();
        let done = tries.into_iter().map(|mut child| child.wait().unwrap().success());
        assert_eq!(done.filter(|done| *done).count(), 1);
        assert_eq!(u64::from(state.count.version()), 3);
    });
}

#[test]
fn a_held_semaphore_names_its_holder() {
    watched(|| {
        let name = Name::new("set-held");
        let mut owner = Owner::create(&name);
        owner.hold();
        let message = shma(&["set", &name, "step", "1", "--timeout", "0.05"]).failed(5);
        let pid = owner.pid().to_string();
        assert!(message.contains("step") && message.contains(&pid), "{message}");
        owner.kill();
    });
}

#[test]
fn a_dead_and_a_foreign_region_are_refused() {
    watched(|| {
        let name = Name::new("set-dead");
        Owner::create(&name).kill();
        let message = set(&name, "grid", "1").failed(4);
        assert!(message.contains("is dead") && message.contains("shma clean"), "{message}");
        shma(&["rm", "-y", &name]).done();
        set(&name, "grid", "1").failed(3);
        let name = Name::new("set-foreign");
        let _lab = Lab::create(&name, &lab()).unwrap();
        if !rustix::process::geteuid().is_root() {
            return skip("only root can run the command as another user");
        }
        // The command itself has to be within that user's reach.
        let folder = tempdir().unwrap();
        let program = folder.path().join("shma");
        program::copy(env!("CARGO_BIN_EXE_shma"), &program);
        let open = |path| {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        open(folder.path());
        open(&program);
        let mut command = Command::new(&program);
        command.args(["set", &name, "grid", "1"]).uid(4711).gid(4711);
        let Ok(ran) = command.output() else { return skip("another user cannot run the command") };
        let message = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(4), "{message}");
        assert!(message.contains("another user") || message.contains("user 0"), "{message}");
        assert_eq!(values(&name, "grid[0, 0]"), json!(-2.0));
    });
}

#[test]
fn a_value_comes_from_files_and_standard_input() {
    watched(|| {
        let name = Name::new("set-files");
        let state = Control::create(&name, &filled()).unwrap();
        let folder = tempdir().unwrap();
        let file = folder.path().join("part.npy");
        let path = file.to_str().unwrap();
        shma(&["get", &name, "actors[1:3].episodes", "--npy", path]).done();
        shma(&["set", &name, "actors[5:7].episodes", "--npy", path]).done();
        assert_eq!(values(&name, "actors[5:7].episodes"), json!([10, 20]));
        shma(&["set", &name, "actors[5:8].episodes", "--npy", path]).failed(4);
        shma(&["set", &name, "setpoint.target[:2]", "--npy", path]).failed(4);
        shma(&["set", &name, "count"]).failed(2);
        shma(&["get", &name, "setpoint", "--npy", path]).done();
        state.setpoint.update(|new, _| new.gain = 0.0);
        shma(&["set", &name, "setpoint", "--npy", path]).done();
        assert_eq!(state.setpoint.read().gain, 40.0);
        let mut child = command(&["set", &name, "setpoint.target", "-"]);
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"[4, 5, 6]\n").unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(state.setpoint.read().target, [4.0, 5.0, 6.0]);
    });
}

#[derive(ShmState)]
struct Large {
    rows: [u64; 200_000],
}

/// A command that is killed anywhere leaves the value before it or its own.
#[test]
fn a_killed_command_leaves_a_whole_value() {
    watched(|| {
        let name = Name::new("set-killed");
        let large = Large::create(&name, &Large::zeroed()).unwrap();
        let mut last = 0;
        for round in 1..=12_u64 {
            let value = round.to_string();
            let mut child = command(&["set", &name, "rows", &value]);
            let mut child = child.stdout(Stdio::null()).spawn().unwrap();
            // Some moment of its life: there is no one condition that all are behind.
            std::thread::sleep(Duration::from_micros(round * 1500));
            child.kill().unwrap();
            child.wait().unwrap();
            let seen = large.rows.read_boxed();
            assert!(seen.iter().all(|number| *number == seen[0]), "mixed in round {round}");
            assert!(seen[0] == last || seen[0] == round, "{} in round {round}", seen[0]);
            last = seen[0];
            let next = large.rows.try_update(|new, _| new[0] = last);
            next.unwrap();
        }
        set(&name, "rows[3]", "77").done();
        assert_eq!(large.rows.get(3), 77);
    });
}
