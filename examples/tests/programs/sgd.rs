//! `sgd`: what it prints and writes, and that it ends as it should whoever is killed.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{Program, is_alive, regions_beginning, text, until};

fn sgd(line: &str) -> Program {
    Program::start(env!("CARGO_BIN_EXE_sgd"), line)
}

/// Regions whose names begin as those of this leader do.
fn regions_of(sgd: &Program) -> Vec<String> {
    regions_beginning(&format!("sgd-{}-", sgd.pid().as_raw_nonzero()))
}

/// The processes that a leader has started.
fn workers_of(sgd: &Program) -> Vec<Pid> {
    let leader = sgd.pid().as_raw_nonzero();
    let children = fs::read_to_string(format!("/proc/{leader}/task/{leader}/children")).unwrap();
    children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}

/// Waits for the end. No region may be left, whatever the end.
fn finish(sgd: Program) -> (std::process::Output, Option<String>) {
    let prefix = format!("sgd-{}-", sgd.pid().as_raw_nonzero());
    let (output, directory) = sgd.finish();
    // Workers that outlive a killed leader remove the regions a little later.
    until("the regions to go", || regions_beginning(&prefix).is_empty());
    (output, fs::read_to_string(directory.path().join("sgd.svg")).ok())
}

#[test]
fn two_workers_learn_the_digits_and_are_compared_with_one() {
    let (output, picture) = finish(sgd("--workers 2 --epochs 3 --target 0.9"));
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    for line in ["1 worker             2 workers", "time to accuracy 0.9 ", "updates per second"] {
        assert!(stdout.contains(line), "{line} is missing:\n{stdout}");
    }
    let updates = stdout.lines().find(|line| line.starts_with("updates  ")).unwrap();
    assert_eq!(updates.split_whitespace().collect::<Vec<_>>(), ["updates", "375", "375"]);
    assert!(stderr.contains("2 workers: 100 %, epoch 3/3, loss 0."), "{stderr}");
    let picture = picture.unwrap();
    assert!(picture.contains("1 worker") && picture.contains("2 workers"));
}

#[test]
fn training_ends_though_a_worker_is_killed() {
    for share in ["0.05", "0.5", "0.9"] {
        let line = format!("--workers 3 --epochs 3 --target 0.9 --no-compare --kill-one={share}");
        let (output, picture) = finish(sgd(&line));
        let stderr = text(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        assert!(stderr.contains("by SIGKILL"), "{stderr}");
        assert!(stderr.contains("goes on with 2 workers"), "{stderr}");
        assert!(stderr.contains("nobody waited for the dead"), "{stderr}");
        assert!(text(&output.stdout).contains("3 workers, 1 killed"), "{stderr}");
        assert!(picture.unwrap().contains("SIGKILL"));
    }
}

#[test]
fn the_only_worker_is_replaced_when_it_is_killed() {
    let (output, _) = finish(sgd("--workers 1 --epochs 3 --target 0.9 --kill-one"));
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("a new one takes the seat"), "{stderr}");
    assert!(stderr.contains("nobody waited for the dead"), "{stderr}");
}

#[test]
fn a_worker_killed_before_its_first_batch_is_done_without() {
    let sgd = sgd("--workers 2 --epochs 10 --no-compare");
    until("two workers", || workers_of(&sgd).len() == 2);
    kill_process(workers_of(&sgd)[0], Signal::KILL).unwrap();
    let (output, _) = finish(sgd);
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("goes on with 1 worker"), "{stderr}");
}

#[test]
fn too_low_an_accuracy_is_an_exit_code_of_its_own() {
    let (output, picture) = finish(sgd("--workers 2 --epochs 1 --target 0.999"));
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("below the target of 0.999"), "{stderr}");
    assert!(picture.is_some());
}

#[test]
fn quiet_means_nothing_printed() {
    let (output, picture) = finish(sgd("--quiet --workers 2 --epochs 2 --target 0.5 --kill-one"));
    assert!(output.status.success());
    assert_eq!((text(&output.stdout), text(&output.stderr)), (String::new(), String::new()));
    assert!(picture.is_some());
}

#[test]
fn an_interruption_leaves_nothing_behind() {
    for signal in [Signal::INT, Signal::TERM] {
        let sgd = sgd("--workers 2 --epochs 10000");
        until("the regions", || regions_of(&sgd).len() == 2);
        sgd.signal(signal);
        let (output, picture) = finish(sgd);
        assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
        assert_eq!(picture, None);
    }
}

/// Nobody is left who could tell the workers to stop, and nobody but them to remove the regions.
#[test]
fn workers_leave_when_their_leader_is_killed() {
    let sgd = sgd("--workers 2 --epochs 10000 --no-compare");
    let has_mapped_all = |worker: &Pid, regions: &[String]| {
        let maps = fs::read_to_string(format!("/proc/{}/maps", worker.as_raw_nonzero()));
        maps.is_ok_and(|maps| regions.iter().all(|region| maps.contains(region)))
    };
    until("both workers to have both regions", || {
        let (workers, regions) = (workers_of(&sgd), regions_of(&sgd));
        let mapped = workers.iter().filter(|worker| has_mapped_all(worker, &regions));
        regions.len() == 2 && mapped.count() == 2
    });
    let workers = workers_of(&sgd);
    sgd.signal(Signal::KILL);
    let (output, _) = finish(sgd);
    assert!(!output.status.success());
    until("the workers to end", || !workers.iter().copied().any(is_alive));
}

#[test]
fn a_bad_argument_is_told_before_anything_starts() {
    for line in ["--workers 0", "--learning-rate NaN", "--plot /no/such/place/a.svg", "--sped"] {
        let (output, picture) = finish(sgd(line));
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(text(&output.stderr).starts_with("error: "), "{line}");
        assert_eq!(picture, None);
    }
}
