//! Processes that are killed, or stopped, at named points of the protocols: what the table of
//! promises says of it, point by point.
//!
//! The points are compiled in by a switch, so the helper program is built once more with it.

mod births;
mod children;
mod commits;
mod contention;
mod ends;
mod reads;
mod updates;
mod writers;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every point that some story below stops at.
fn told() -> BTreeSet<&'static str> {
    let stories = [
        births::POINTS,
        ends::POINTS,
        updates::POINTS,
        writers::POINTS,
        contention::POINTS,
        commits::POINTS,
        reads::POINTS,
    ];
    stories.concat().into_iter().collect()
}

/// Every point that the library names.
fn named(folder: &Path, points: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            named(&path, points);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for after in text.split("stop_point!(\"").skip(1) {
            points.insert(after.split('"').next().unwrap().to_owned());
        }
    }
}

/// A new point is a new place to die at, and a test has to say what that leaves.
#[test]
fn every_stop_point_has_a_test() {
    let mut points = BTreeSet::new();
    named(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../shma-core/src"), &mut points);
    let told: BTreeSet<String> = told().into_iter().map(str::to_owned).collect();
    assert_eq!(points, told);
}
