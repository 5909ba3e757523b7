//! What holds for every program that leads worker processes.

use rustix::process::Signal;

use crate::leader::Leader;
use crate::program::text;

/// A program, with command lines for it.
struct Kind {
    name: &'static str,
    binary: &'static str,
    /// How many regions it makes at a time.
    regions: usize,
    /// Two workers that do not come to an end, in all ways to work.
    endless: &'static [&'static str],
    /// Little work, in which a worker is killed.
    short: &'static str,
    /// What it refuses, with what it has to say.
    refused: &'static [(&'static str, &'static str)],
}

/// How many leaders of a kind are killed.
const KILLINGS: usize = 6;

const KINDS: [Kind; 2] = [
    Kind {
        name: "heat",
        binary: env!("CARGO_BIN_EXE_heat"),
        regions: 1,
        endless: &["--workers 2 --steps 10000000"],
        short: "--workers 2 --grid 64 --kill-one",
        refused: &[
            ("--workers 9", "from 1 to 8"),
            ("--grid 100", "64, 128, 256, 512"),
            ("--plot /no/such/place/a.svg", "no directory"),
            ("--kill-one=1", "below 1"),
            ("-x", "unexpected argument"),
        ],
    },
    Kind {
        name: "sgd",
        binary: env!("CARGO_BIN_EXE_sgd"),
        regions: 2,
        endless: &[
            "--workers 2 --epochs 10000 --no-compare --mode locked",
            "--workers 2 --epochs 10000 --no-compare --mode hogwild",
        ],
        short: "--workers 2 --epochs 2 --target 0.5 --no-compare --kill-one",
        refused: &[
            ("--workers 0", "from 1 to 64"),
            ("--learning-rate NaN", "above 0"),
            ("--plot /no/such/place/a.svg", "no directory"),
            ("--kill-one=1", "below 1"),
            ("--mode lockfree", "possible values: locked, hogwild, exact"),
            ("--sped", "unexpected argument"),
        ],
    },
];

impl Kind {
    fn start(&self, line: &str) -> Leader {
        Leader::start(self.name, self.binary, line)
    }

    /// Leaders that do not come to an end, in one way after the other and over again.
    fn endless(&self) -> impl Iterator<Item = Leader> {
        self.endless.iter().cycle().map(|line| self.start(line))
    }
}

#[test]
fn quiet_means_nothing_printed() {
    for kind in &KINDS {
        let (output, picture) = kind.start(&format!("--quiet {}", kind.short)).finish();
        assert!(output.status.success(), "{}", kind.name);
        let printed = (text(&output.stdout), text(&output.stderr));
        assert_eq!(printed, (String::new(), String::new()), "{}", kind.name);
        assert!(picture.is_some(), "{}", kind.name);
    }
}

#[test]
fn an_interruption_leaves_nothing_behind() {
    for kind in &KINDS {
        for (leader, signal) in kind.endless().zip([Signal::INT, Signal::TERM]) {
            leader.workers_at_work(2, kind.regions);
            leader.signal(signal);
            let (output, picture) = leader.finish();
            assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
            assert_eq!(picture, None);
        }
    }
}

#[test]
fn nothing_is_left_of_a_leader_that_is_killed_at_work() {
    for kind in &KINDS {
        for leader in kind.endless().take(KILLINGS) {
            let workers = leader.workers_at_work(2, kind.regions);
            leader.kill_without_a_trace(&workers);
        }
    }
}

/// Workers that come up find no leader, and perhaps no region.
#[test]
fn nothing_is_left_of_a_leader_that_is_killed_as_soon_as_it_has_workers() {
    for kind in &KINDS {
        for leader in kind.endless().take(KILLINGS) {
            let workers = leader.workers(2);
            leader.kill_without_a_trace(&workers);
        }
    }
}

#[test]
fn a_bad_argument_is_told_before_anything_starts() {
    for kind in &KINDS {
        for (line, reason) in kind.refused {
            let (output, picture) = kind.start(line).finish();
            let stderr = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{stderr}");
            assert!(stderr.starts_with("error: ") && stderr.contains(reason), "{stderr}");
            assert_eq!(picture, None);
        }
    }
}
