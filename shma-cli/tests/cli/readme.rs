//! The README's tour of the command, line by line, on the region that it names.

use std::process::Output;

use shma_core::{ShmElement, ShmState};
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

use crate::shma::command;

const README: &str = include_str!("../../../README.md");

/// The region that the tour looks at, and that `writer` publishes.
const TRACK: &str = "track";

#[repr(C)]
#[derive(Debug, Clone, Copy, ShmElement)]
struct Pose {
    step: u64,
    position: [f64; 3],
}

#[derive(Debug, ShmState)]
struct Track {
    pose: Pose,
}

/// The commands of the README's tour, without their comments.
fn tour() -> Vec<Vec<&'static str>> {
    let block = README.split("```sh\n").find(|block| block.contains("shma ls")).unwrap();
    let lines = block.split("```").next().unwrap().lines();
    let words = |line: &'static str| line.split('#').next().unwrap().split_whitespace().collect();
    let commands = lines.filter(|line| line.starts_with("shma "));
    commands.map(words).collect()
}

/// A reader of the README types a line of it and gets an error.
#[test]
fn the_tour_of_the_readme_runs_as_written() {
    watched(|| {
        let name = Name::new("readme");
        let _track = Track::create(&name, &Track::zeroed()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let tour = tour();
        assert!(tour.len() > 5, "{tour:?}");
        for words in tour {
            let here = |word: &str| if word == TRACK { name.to_string() } else { word.to_owned() };
            let arguments: Vec<String> = words[1..].iter().map(|word| here(word)).collect();
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let Output { status, stdout, stderr } =
                command(&arguments).current_dir(folder.path()).output().unwrap();
            let said = String::from_utf8_lossy(&stdout);
            // The doctor looks at all regions of the machine, and may find something.
            let fine = status.success() || words[1] == "doctor" && status.code() == Some(1);
            assert!(fine, "{words:?}: {status}\n{said}{}", String::from_utf8_lossy(&stderr));
        }
        assert!(folder.path().join("track.npz").is_file());
    });
}
