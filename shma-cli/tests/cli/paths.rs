//! Paths into structs, wherever a command takes a field.

use insta::assert_snapshot;
use serde_json::{Value, json};
use shma_core::{ShmElement, ShmState};
use shma_tests::region::Name;
use shma_tests::watchdog::watched;
use tempfile::tempdir;

use crate::shma::shma;

#[derive(Debug, Clone, Copy, ShmElement)]
#[repr(C)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

#[derive(Debug, Clone, Copy, ShmElement)]
#[repr(C)]
pub struct Setpoint {
    pub target: [f64; 3],
    pub gain: f64,
    pub corners: [[Point; 2]; 2],
}

#[derive(Debug, Clone, Copy, ShmElement)]
#[repr(C)]
pub struct Actor {
    pub episodes: u64,
    pub table: [[u32; 600]; 2],
}

#[derive(Debug, ShmState)]
pub struct Control {
    pub setpoint: Setpoint,
    pub actors: [Actor; 8],
    pub count: u64,
    #[shm(atomic)]
    pub hits: [u32; 4],
}

pub fn filled() -> Box<Control> {
    let mut state = Control::zeroed();
    state.setpoint.target = [1.0, 2.0, f64::NAN];
    state.setpoint.gain = 40.0;
    for (i, point) in state.setpoint.corners.as_flattened_mut().iter_mut().enumerate() {
        *point = Point { x: i as f32, y: -(i as f32) };
    }
    for (i, actor) in (0_u64..).zip(&mut state.actors) {
        actor.episodes = i * 10;
        actor.table[1][2] = i as u32;
    }
    state.hits = [5, 6, 7, 8];
    state
}

fn values(name: &Name, path: &str) -> Value {
    let mut answer = shma(&["get", name, path, "--json"]).json();
    answer["values"].take()
}

#[test]
fn a_path_selects_members_of_every_struct() {
    watched(|| {
        let name = Name::new("paths");
        let _state = Control::create(&name, &filled()).unwrap();
        for (path, expected) in [
            ("setpoint.target", json!([1.0, 2.0, "NaN"])),
            ("setpoint.target[1:]", json!([2.0, "NaN"])),
            ("setpoint.target[::-1]", json!(["NaN", 2.0, 1.0])),
            (" setpoint . target [0] ", json!(1.0)),
            ("setpoint.corners[1].x", json!([2.0, 3.0])),
            ("setpoint.corners.y", json!([[0.0, -1.0], [-2.0, -3.0]])),
            ("setpoint.corners[:, 0].y", json!([0.0, -2.0])),
            ("setpoint.corners[1][0].y", json!(-2.0)),
            ("setpoint.corners[0, 1]", json!({ "x": 1.0, "y": -1.0 })),
            ("actors[0:3].episodes", json!([0, 10, 20])),
            ("actors[::-3].episodes", json!([70, 40, 10])),
            ("actors[5].table[1, 1:4]", json!([0, 5, 0])),
            ("actors[2:4].table[1, 2]", json!([2, 3])),
            ("actors[9:].episodes", json!([])),
            ("hits[::-2]", json!([8, 6])),
            ("count", json!(0)),
        ] {
            assert_eq!(values(&name, path), expected, "{path}");
        }
        let answer = shma(&["get", &name, "actors[0:3].episodes", "--json"]).json();
        assert_eq!(answer["field"], "actors");
        assert_eq!(answer["path"], "actors[0:3].episodes");
        assert_eq!((&answer["scalar"], &answer["shape"]), (&json!("u64"), &json!([3])));
        assert_eq!(shma(&["get", &name, "actors[0:3].episodes", "--csv"]).done(), "0\n10\n20\n");
    });
}

#[test]
fn a_wrong_path_is_explained() {
    watched(|| {
        let name = Name::new("wrong-paths");
        let _state = Control::create(&name, &filled()).unwrap();
        for (status, path, words) in [
            (
                3,
                "setpoint.targt",
                "`setpoint` (Setpoint) has no member `targt`; it has target, gain",
            ),
            (3, "count.x", "`count` has no member `x`: it is u64"),
            (3, "setpoin.target", "no field `setpoin.target`; it has setpoint"),
            (3, "actors[0].episodes.x", "`actors[0].episodes` has no member"),
            (2, "actors[0:3", "has no closing bracket"),
            (2, "actors[0:3].episodes[0]", "1 indices for `actors[0:3].episodes`, which has 0"),
            (2, "actors[8].episodes", "index 8 is out of range: dimension 0 of `actors` has 8"),
            (2, "setpoint.target[0]x", "is no path"),
            (2, "setpoint.corners[0:1][0]", "same brackets"),
            (3, "setpoint.", "has no member ``"),
        ] {
            let message = shma(&["get", &name, path]).failed(status);
            assert!(message.contains(words), "{path}: {message}");
        }
    });
}

#[test]
fn a_struct_is_printed_a_member_a_line() {
    watched(|| {
        let name = Name::new("struct-text");
        let _state = Control::create(&name, &filled()).unwrap();
        let mut all = shma(&["get", &name, "setpoint"]).done();
        all += &shma(&["get", &name, "actors"]).done();
        all += &shma(&["get", &name, "actors[6:].episodes"]).done();
        assert_snapshot!("structs", all);
        let whole = shma(&["get", &name, "actors", "--all"]).done();
        assert!(!whole.contains("..."), "{whole}");
        assert!(whole.contains("[3]"));
    });
}

#[test]
fn a_file_for_numpy_holds_the_member() {
    watched(|| {
        let name = Name::new("path-npy");
        let _state = Control::create(&name, &filled()).unwrap();
        let folder = tempdir().unwrap();
        let file = folder.path().join("episodes.npy");
        let path = file.to_str().unwrap();
        shma(&["get", &name, "actors[1:3].episodes", "--npy", path]).done();
        let bytes = std::fs::read(&file).unwrap();
        let expected = [10_u64, 20].map(u64::to_ne_bytes).concat();
        assert!(bytes.ends_with(&expected));
        assert!(String::from_utf8_lossy(&bytes).contains("'shape': (2,)"));
    });
}

#[test]
fn watch_has_statistics_of_members() {
    watched(|| {
        let name = Name::new("path-watch");
        let _state = Control::create(&name, &filled()).unwrap();
        let entries = |paths: &[&str]| {
            let start = ["watch", &*name, "--json", "-n", "1", "-i", "0.01"];
            let mut answer = shma(&[&start[..], paths].concat()).json();
            answer["fields"].take()
        };
        let all = entries(&[]);
        let all = all.as_array().unwrap();
        let paths: Vec<&str> = all.iter().map(|entry| entry["path"].as_str().unwrap()).collect();
        let expected = [
            "setpoint",
            "setpoint.target",
            "setpoint.gain",
            "setpoint.corners.x",
            "setpoint.corners.y",
            "actors",
            "actors.episodes",
            "actors.table",
            "count",
            "hits",
        ];
        assert_eq!(paths, expected);
        assert_eq!(all[0]["statistics"], Value::Null);
        assert_eq!(all[1]["statistics"]["max"], 2.0);
        assert_eq!(all[1]["statistics"]["nans"], 1);
        assert_eq!(all[6]["statistics"]["mean"], 35.0);
        assert_eq!(all[7]["type"], "[[[u32; 600]; 2]; 8]");
        let some = entries(&["actors[1:3].episodes", "setpoint.corners[0]"]);
        assert_eq!(some[0]["statistics"]["mean"], 15.0);
        assert_eq!(some[2]["path"], "setpoint.corners[0].x");
        assert_eq!(some[2]["statistics"]["max"], 1.0);
        let table = shma(&["watch", &name, "actors[1:3].episodes", "-i", "0.01"]).done();
        assert!(table.contains("actors[1:3].episodes"), "{table}");
    });
}

/// A column of `top` for what stands at a path in each region that has it.
#[test]
fn top_has_a_column_for_each_path() {
    watched(|| {
        let (name, other) = (Name::new("path-top"), Name::new("path-top-other"));
        let _state = Control::create(&name, &filled()).unwrap();
        let _other =
            shma_tests::states::Board::create(&other, &shma_tests::states::Board::with(1)).unwrap();
        let paths =
            ["setpoint.gain", "actors[0:3].episodes", "setpoint.target", "setpoint", "no.such"];
        let table = shma(&[&["top", "-i", "0.001"], &paths[..]].concat()).done();
        let row = |name: &str| -> Vec<String> {
            let line = table.lines().find(|line| line.starts_with(name)).expect(name);
            line.split_whitespace().map(str::to_owned).collect()
        };
        assert!(table.lines().next().unwrap().contains("actors[0:3].episodes"), "{table}");
        let cells = row(&name);
        assert_eq!(cells[cells.len() - 5..], ["40.0", "10", "1.5000", "-", "-"], "{table}");
        let cells = row(&other);
        assert_eq!(cells[cells.len() - 5..], ["-"; 5], "{table}");

        let answer = shma(&[&["top", "-i", "0.001", "--json"], &paths[..]].concat()).json();
        let regions = answer["regions"].as_array().unwrap();
        let region = regions.iter().find(|region| region["name"] == *name).unwrap();
        assert_eq!(region["paths"][1]["path"], "actors[0:3].episodes");
        assert_eq!(region["paths"][1]["statistics"]["max"], 20.0);
        assert_eq!(region["paths"][3]["statistics"], Value::Null);
    });
}

#[test]
fn info_lists_members_and_where_they_lie() {
    watched(|| {
        let name = Name::new("path-info");
        let _state = Control::create(&name, &filled()).unwrap();
        let text = shma(&["info", &name]).done();
        let row = |member: &str| -> Vec<String> {
            let line = text.lines().find(|line| line.starts_with(member)).expect(member);
            line.split_whitespace().map(str::to_owned).collect()
        };
        assert_eq!(row("setpoint.gain"), ["setpoint.gain", "f64", "24", "8", "B"]);
        assert_eq!(row("setpoint.corners.y"), ["setpoint.corners.y", "f32", "4", "4", "B"]);
        assert_eq!(row("actors.episodes"), ["actors.episodes", "u64", "0", "8", "B"]);
    });
}
