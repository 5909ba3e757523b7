//! `heat`: that its result is the same to the last bit however many solve it and whichever is killed,
//! and that nothing is left behind.

use std::fs;

use rustix::process::{Signal, kill_process};

use crate::leader::{Leader, kill};
use crate::program::{text, until};

fn heat(line: &str) -> Leader {
    Leader::start("heat", env!("CARGO_BIN_EXE_heat"), line)
}

/// Waits for a good end; what the lines of the table with these names say.
fn results<const N: usize>(heat: Leader, names: [&str; N]) -> [String; N] {
    let (output, picture) = heat.finish();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    assert!(picture.is_some_and(|picture| picture.contains("difference from the analytic")));
    names.map(|name| {
        let value = stdout.lines().find_map(|line| line.strip_prefix(name));
        value.unwrap_or_else(|| panic!("no {name} in\n{stdout}")).trim().to_owned()
    })
}

fn checksum(heat: Leader) -> String {
    let [checksum] = results(heat, ["checksum"]);
    checksum
}

#[test]
fn any_number_of_workers_comes_to_the_same_bits_near_the_truth() {
    let alone = results(heat("--workers 1 --grid 128"), ["checksum", "largest error"]);
    for workers in [2, 3, 4, 8] {
        let line = format!("--workers {workers} --grid 128");
        assert_eq!(results(heat(&line), ["checksum", "largest error"]), alone, "{workers} workers");
    }
    let error: f64 = alone[1].split(',').next().unwrap().parse().unwrap();
    assert!(error > 0.0 && error < 1.0 / (129.0 * 129.0), "{error}");
    let [other] = results(heat("--workers 2 --grid 128 --steps 4160"), ["checksum"]);
    assert_ne!(other, alone[0], "one step less has the same checksum");
}

#[test]
fn a_finer_grid_comes_nearer_to_the_truth_by_the_square() {
    let error = |grid| -> f64 {
        let [error] = results(heat(&format!("--workers 2 --grid {grid}")), ["largest error"]);
        error.split(',').next().unwrap().parse().unwrap()
    };
    let ratio = error(64) / error(128);
    assert!((3.8..4.2).contains(&ratio), "{ratio}");
}

#[test]
fn a_replaced_worker_goes_on_to_the_same_bits() {
    const LINE: &str = "--grid 128 --steps 15000";
    let undisturbed = checksum(heat(&format!("--workers 2 {LINE}")));
    for (workers, share) in [(1, 0.3), (2, 0.02), (2, 0.5), (3, 0.8), (4, 0.35)] {
        let line = format!("--workers {workers} {LINE} --kill-one={share}");
        let names = ["checksum", "workers"];
        let [checksum, crew] = results(heat(&line), names);
        assert_eq!(checksum, undisturbed, "{line}");
        assert_eq!(crew, format!("{workers}, and 1 replaced"), "{line}");
    }
}

#[test]
fn killings_from_outside_are_survived_one_after_the_other() {
    const LINE: &str = "--workers 2 --grid 64 --steps 40000";
    let undisturbed = checksum(heat(LINE));
    let heat = heat(LINE);
    for turn in 0..6 {
        kill(heat.workers_at_work(2, 1)[turn % 2]);
    }
    let [checksum, workers] = results(heat, ["checksum", "workers"]);
    assert_eq!(checksum, undisturbed);
    assert_eq!(workers, "2, and 6 replaced");
}

/// Its neighbours wait for it, and none goes on without its rows.
#[test]
fn a_stopped_worker_is_waited_for() {
    const LINE: &str = "--workers 2 --grid 64 --steps 20000";
    let undisturbed = checksum(heat(LINE));
    let heat = heat(LINE);
    let worker = heat.workers_at_work(2, 1)[0];
    kill_process(worker, Signal::STOP).unwrap();
    let stat = format!("/proc/{}/stat", worker.as_raw_nonzero());
    until("the worker to stop", || fs::read_to_string(&stat).unwrap().contains(") T "));
    kill_process(worker, Signal::CONT).unwrap();
    let [checksum, workers] = results(heat, ["checksum", "workers"]);
    assert_eq!((checksum, workers), (undisturbed, "2".to_owned()));
}

#[test]
fn too_large_an_error_is_an_exit_code_of_its_own() {
    let (output, picture) = heat("--workers 2 --grid 64 --tolerance 1e-9").finish();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("above the tolerance of 1.000e-9"), "{stderr}");
    assert!(picture.is_some());
}

#[test]
fn lines_tell_the_progress_where_there_is_no_terminal() {
    let (output, _) = heat("--workers 1 --grid 64 --kill-one=0.5 --steps 20000").finish();
    let stderr = text(&output.stderr);
    for part in [
        "by SIGKILL at step",
        "a new one takes up strips 0 to 7 at steps [",
        "100 %, step 20000/20000, time 0.9467, error ",
        " steps/s",
    ] {
        assert!(stderr.contains(part), "{part} is missing in\n{stderr}");
    }
}

/// No worker may have left when all was done but the leader had not seen it.
#[test]
fn nothing_is_left_when_the_leader_is_killed_at_the_end() {
    let heat = heat("--workers 2 --grid 64 --steps 20000");
    let workers = heat.workers_at_work(2, 1);
    heat.kill_when_all_is_done(&workers);
}

/// A worker that a person starts for a region that is not there.
#[test]
fn a_worker_without_a_plate_says_so() {
    let (output, _) = heat("worker no-such-plate 64 0").finish();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no-such-plate"), "{}", text(&output.stderr));
}
