//! `heat`: that its result is the same to the last bit however many solve it and whoever is killed,
//! and that nothing is left behind.

#[path = "programs/program.rs"]
mod program;

use std::fs;
use std::process::Output;

use rustix::process::{Pid, Signal, kill_process};

use program::{Program, is_alive, regions_beginning, text, until};

fn heat(line: &str) -> Program {
    Program::start(env!("CARGO_BIN_EXE_heat"), line)
}

fn prefix(heat: &Program) -> String {
    format!("heat-{}-", heat.pid().as_raw_nonzero())
}

/// The processes that a leader has started, as many as it has to have.
fn workers_of(heat: &Program, count: usize) -> Vec<Pid> {
    let leader = heat.pid().as_raw_nonzero();
    let file = format!("/proc/{leader}/task/{leader}/children");
    let mut workers = Vec::new();
    until("all workers to be there", || {
        let children = fs::read_to_string(&file).unwrap();
        let pids = children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
        workers = pids.filter(|pid| is_alive(*pid)).collect();
        workers.len() == count
    });
    workers
}

/// Waits until the process has the region mapped, so that it is a worker and no mere copy of its
/// leader.
fn wait_for_mapping(worker: Pid, prefix: &str) {
    until("the region to be mapped", || {
        let maps = fs::read_to_string(format!("/proc/{}/maps", worker.as_raw_nonzero()));
        maps.is_ok_and(|maps| maps.contains(&format!("shma.{prefix}")))
    });
}

/// Waits for the end. No region may be left, whatever the end.
fn finish(heat: Program) -> (Output, Option<String>) {
    let prefix = prefix(&heat);
    let (output, directory) = heat.finish();
    // Workers that outlive a killed leader remove the region a little later.
    until("the region to go", || regions_beginning(&prefix).is_empty());
    (output, fs::read_to_string(directory.path().join("heat.svg")).ok())
}

/// Waits for a good end; what the lines of the table with these names say.
fn results<const N: usize>(heat: Program, names: [&str; N]) -> [String; N] {
    let (output, picture) = finish(heat);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    assert!(picture.is_some_and(|picture| picture.contains("difference from the analytic")));
    names.map(|name| {
        let value = stdout.lines().find_map(|line| line.strip_prefix(name));
        value.unwrap_or_else(|| panic!("no {name} in\n{stdout}")).trim().to_owned()
    })
}

fn checksum(heat: Program) -> String {
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
        let victim = workers_of(&heat, 2)[turn % 2];
        wait_for_mapping(victim, &prefix(&heat));
        kill_process(victim, Signal::KILL).unwrap();
        until("the killed worker to end", || !is_alive(victim));
    }
    let [checksum, workers] = results(heat, ["checksum", "workers"]);
    assert_eq!(checksum, undisturbed);
    assert_eq!(workers, "2, and 6 replaced");
}

/// Its neighbours wait for it, and nobody goes on without its rows.
#[test]
fn a_stopped_worker_is_waited_for() {
    const LINE: &str = "--workers 2 --grid 64 --steps 20000";
    let undisturbed = checksum(heat(LINE));
    let heat = heat(LINE);
    let worker = workers_of(&heat, 2)[0];
    wait_for_mapping(worker, &prefix(&heat));
    kill_process(worker, Signal::STOP).unwrap();
    let stat = format!("/proc/{}/stat", worker.as_raw_nonzero());
    until("the worker to stop", || fs::read_to_string(&stat).unwrap().contains(") T "));
    kill_process(worker, Signal::CONT).unwrap();
    let [checksum, workers] = results(heat, ["checksum", "workers"]);
    assert_eq!((checksum, workers), (undisturbed, "2".to_owned()));
}

#[test]
fn too_large_an_error_is_an_exit_code_of_its_own() {
    let (output, picture) = finish(heat("--workers 2 --grid 64 --tolerance 1e-9"));
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("above the tolerance of 1.000e-9"), "{stderr}");
    assert!(picture.is_some());
}

#[test]
fn lines_tell_the_progress_where_there_is_no_terminal() {
    let (output, _) = finish(heat("--workers 1 --grid 64 --kill-one=0.5 --steps 20000"));
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

#[test]
fn quiet_means_nothing_printed() {
    let (output, picture) = finish(heat("--quiet --workers 2 --grid 64 --kill-one"));
    assert!(output.status.success());
    assert_eq!((text(&output.stdout), text(&output.stderr)), (String::new(), String::new()));
    assert!(picture.is_some());
}

#[test]
fn an_interruption_leaves_nothing_behind() {
    for signal in [Signal::INT, Signal::TERM] {
        let heat = heat("--workers 2 --steps 10000000");
        for worker in workers_of(&heat, 2) {
            wait_for_mapping(worker, &prefix(&heat));
        }
        heat.signal(signal);
        let (output, picture) = finish(heat);
        assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
        assert_eq!(picture, None);
    }
}

/// Nobody is left who could tell the workers to stop, and nobody but them to remove the region.
#[test]
fn workers_leave_when_their_leader_is_killed() {
    let heat = heat("--workers 2 --steps 10000000");
    let workers = workers_of(&heat, 2);
    for worker in &workers {
        wait_for_mapping(*worker, &prefix(&heat));
    }
    heat.signal(Signal::KILL);
    let (output, _) = finish(heat);
    assert!(!output.status.success());
    until("the workers to end", || !workers.iter().copied().any(is_alive));
}

#[test]
fn a_bad_argument_is_told_before_anything_starts() {
    for line in ["--workers 9", "--grid 100", "--plot /no/such/place/a.svg", "--kill-one=1", "-x"] {
        let (output, picture) = finish(heat(line));
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(text(&output.stderr).starts_with("error: "), "{line}");
        assert_eq!(picture, None);
    }
}

/// A worker that a person starts for a region that is not there.
#[test]
fn a_worker_without_a_plate_says_so() {
    let (output, _) = finish(heat("worker no-such-plate 64 0"));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no-such-plate"), "{}", text(&output.stderr));
}
