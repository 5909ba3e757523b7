//! `sgd`: what it prints and writes, and that it ends as it should whichever process is killed.

use std::process::Command;
use std::time::Duration;

use shma_core::{ReadOnly, Shm, ShmElement, ShmState};

use crate::leader::{Leader, kill};
use crate::program::{text, until};

/// The parameters, declared as the program does.
#[derive(ShmState)]
#[allow(dead_code)]
struct Model {
    w1: [[f32; 784]; 64],
    b1: [f32; 64],
    w2: [[f32; 64]; 10],
    b2: [f32; 10],
}

/// The desk, declared as the program does.
#[derive(ShmState)]
#[allow(dead_code)]
struct Desk {
    plan: Plan,
    work: Work,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, ShmElement)]
struct Plan {
    epochs: u64,
    batch: u64,
    learning_rate: f64,
    seed: u64,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, ShmElement)]
struct Work {
    total: u64,
    done: u64,
    loss: f64,
    others: u64,
    open: u64,
    next: u64,
    returned: [u64; 64],
    returned_count: u64,
    seats: [Seat; 64],
}

#[repr(C)]
#[derive(Debug, Clone, Copy, ShmElement)]
struct Seat {
    taken: u64,
    batch: u64,
}

fn sgd(line: &str) -> Leader {
    Leader::start("sgd", env!("CARGO_BIN_EXE_sgd"), line)
}

fn attach(sgd: &Leader) -> Shm<Model, ReadOnly> {
    let regions = sgd.regions();
    let region = regions.iter().find(|region| region.ends_with(".model")).unwrap();
    Model::open_read_only(region.strip_prefix("shma.").unwrap()).unwrap()
}

/// The lines of the table with this heading: who trained, and the cells.
fn table(stdout: &str, heading: &str) -> Vec<(String, Vec<f64>)> {
    let lines = stdout.lines().skip_while(|line| !line.starts_with(heading)).skip(1);
    let row = |line: &str| {
        let (name, cells) = line.split_at(30);
        let cells = cells.split_whitespace().map(|cell| cell.parse().unwrap()).collect();
        (name.trim().to_owned(), cells)
    };
    lines.take_while(|line| !line.is_empty()).map(row).collect()
}

fn names(table: &[(String, Vec<f64>)]) -> Vec<&str> {
    table.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn each_way_learns_the_digits_and_is_compared_by_one_and_by_all() {
    const NAMES: [&str; 6] = [
        "locked, 1 worker",
        "locked, 2 workers",
        "hogwild, 1 worker",
        "hogwild, 2 workers",
        "exact, 1 worker",
        "exact, 2 workers",
    ];
    let (output, picture) = sgd("--workers 2 --epochs 3 --target 0.9 --repeat 1").finish();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    let (trainings, accuracies) = (table(&stdout, "training "), table(&stdout, "accuracy after "));
    assert_eq!((names(&trainings), names(&accuracies)), (NAMES.to_vec(), NAMES.to_vec()));
    for ((name, training), (_, accuracies)) in trainings.iter().zip(&accuracies) {
        let [updates, seconds, rate, to_target, accuracy] = training[..] else {
            panic!("{name}: {training:?}");
        };
        assert_eq!(updates, 750.0, "{name}");
        // It is printed with three digits behind the point.
        let (fastest, slowest) = (updates / (seconds - 0.001), updates / (seconds + 0.001));
        assert!((slowest - 1.0..fastest + 1.0).contains(&rate), "{name}: {stdout}");
        assert!(0.0 < to_target && to_target <= seconds, "{name}: {stdout}");
        assert!((0.9..1.0).contains(&accuracy), "{name}: {stdout}");
        assert_eq!(accuracies.last(), Some(&accuracy), "{name}");
        assert!(stderr.contains(&format!("{name}: 100 %, epoch 3/3, loss 0.")), "{stderr}");
    }
    // Three ways by two against one, and three pairs of ways, by one and by two.
    assert_eq!(stdout.matches(" times the updates/s of ").count(), 9, "{stdout}");
    let picture = picture.unwrap();
    for name in NAMES {
        assert_eq!(picture.matches(&format!("\n{name}\n")).count(), 3, "{name}");
    }
}

/// One row stands for as many trainings as there were, and is one of them.
#[test]
fn of_a_training_that_is_repeated_the_middle_one_is_shown() {
    let line = "--workers 1 --epochs 1 --target 0.1 --mode hogwild --repeat 3";
    let (output, _) = sgd(line).finish();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr.matches("hogwild, 1 worker: 100 %").count(), 3, "{stderr}");
    let trainings = table(&stdout, "training ");
    assert_eq!(names(&trainings), ["hogwild, 1 worker"]);
    assert_eq!(trainings[0].1[0], 250.0, "{stdout}");
}

/// Alone, a worker finds what it has left, whatever the way to share the parameters. The third digit
/// of an accuracy is one image of the thousand.
#[test]
fn one_worker_learns_the_same_in_each_way() {
    let (output, _) = sgd("--workers 1 --epochs 2 --target 0.5 --seed 7 --repeat 1").finish();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    let trainings = table(&stdout, "training ");
    assert_eq!(names(&trainings), ["locked, 1 worker", "hogwild, 1 worker", "exact, 1 worker"]);
    assert_eq!(trainings[0].1.last(), trainings[1].1.last(), "{stdout}");
    assert_eq!(trainings[0].1.last(), trainings[2].1.last(), "{stdout}");
}

#[test]
fn training_ends_though_a_worker_is_killed() {
    for (mode, share, epochs) in [
        ("locked", "0.05", 3),
        ("locked", "0.5", 3),
        // The last tenth of a short training may pass between two looks at it.
        ("locked", "0.9", 19),
        ("hogwild", "0.5", 3),
        ("exact", "0.5", 3),
    ] {
        let line = format!(
            "--mode {mode} --workers 3 --epochs {epochs} --target 0.9 --no-compare --kill-one={share}"
        );
        let (output, picture) = sgd(&line).finish();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{stderr}");
        for part in ["by SIGKILL", "goes on with 2 workers", "none waited for the dead"] {
            assert!(stderr.contains(part), "{part} is missing in\n{stderr}");
        }
        let name = format!("{mode}, 3 workers, 1 killed");
        assert_eq!(names(&table(&stdout, "training ")), [name]);
        assert!(picture.unwrap().contains("SIGKILL"));
    }
}

#[test]
fn with_a_comparison_a_worker_of_all_is_killed_and_not_the_one_that_is_alone() {
    let (output, _) = sgd("--workers 2 --epochs 2 --target 0.5 --kill-one --repeat 1").finish();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    assert_eq!(
        names(&table(&stdout, "training ")),
        [
            "locked, 1 worker",
            "locked, 2 workers, 1 killed",
            "hogwild, 1 worker",
            "hogwild, 2 workers, 1 killed",
            "exact, 1 worker",
            "exact, 2 workers, 1 killed"
        ]
    );
    assert_eq!(stderr.matches("by SIGKILL").count(), 3, "{stderr}");
}

#[test]
fn the_only_worker_is_replaced_when_it_is_killed() {
    let (output, _) = sgd("--workers 1 --epochs 2 --target 0.5 --kill-one --repeat 1").finish();
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr.matches("a new one takes the seat").count(), 3, "{stderr}");
    assert_eq!(stderr.matches("none waited for the dead").count(), 3, "{stderr}");
}

#[test]
fn a_worker_killed_before_its_first_batch_is_done_without() {
    let sgd = sgd("--workers 2 --epochs 10 --no-compare");
    kill(sgd.workers(2)[0]);
    let (output, _) = sgd.finish();
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("goes on with 1 worker"), "{stderr}");
}

#[test]
fn too_low_an_accuracy_is_an_exit_code_of_its_own() {
    let (output, picture) =
        sgd("--mode locked --workers 2 --epochs 1 --target 0.999 --no-compare").finish();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("below the target of 0.999"), "{stderr}");
    assert!(picture.is_some());
}

/// A process of another program takes a batch and dies with it. The training waits for the first such
/// process, does that batch all the same, and counts what the others have done.
#[test]
fn processes_of_other_programs_join_and_may_die() {
    let name = format!("sgd-test-{}", std::process::id());
    let sgd = sgd(&format!("--workers 1 --epochs 3 --batch 32 --target 0.5 --more {name}"));
    let desk = Desk::options().wait(Duration::from_secs(60)).open(&format!("{name}.desk")).unwrap();
    until("the worker", || desk.work.read().seats[0].taken == 1);
    assert_eq!(desk.work.read().open, 0, "it has begun alone");

    let mut dead = Command::new("true").spawn().unwrap();
    let pid = u64::from(dead.id());
    let me = u64::from(std::process::id());
    // Before it begins, so that it cannot be over yet. The dead one is not waited for, so its number is its own.
    desk.work.update(|new, _| {
        new.seats[63] = Seat { taken: me, batch: 1 };
        new.seats[62] = Seat { taken: pid, batch: 2 };
        new.next = 2;
    });
    until("the training to begin", || desk.work.read().open == 1);
    desk.work.update(|new, _| {
        (new.seats[63].batch, new.done, new.others) = (0, new.done + 1, new.others + 1);
    });
    let (output, _) = sgd.finish();
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("begins when another program has joined"), "{stderr}");
    let gone = format!("process {pid} of another program is gone, so batch 1 waits again");
    assert!(stderr.contains(&gone), "{stderr}");
    assert!(stderr.contains("other programs have done 1 of 375 batches"), "{stderr}");
    let work = desk.work.read();
    assert_eq!((work.done, work.seats[62].taken), (375, 0));
    assert!(!desk.is_current());
    dead.wait().unwrap();
}

/// All that a killed training had done by its last checkpoint is there, and no batch is left out.
#[test]
fn a_killed_training_goes_on_from_its_file() {
    for mode in ["locked", "hogwild"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("training.safetensors");
        let shown = file.to_str().unwrap();
        let first = sgd(&format!("--mode {mode} --workers 2 --epochs 20 --checkpoint {shown}"));
        let workers = first.workers(2);
        until("a checkpoint", || file.exists());
        first.kill_without_a_trace(&workers);

        let (output, _) = sgd(&format!("--resume --workers 1 --checkpoint {shown}")).finish();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{stderr}");
        let before: f64 = stderr
            .split("goes on after ")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!((250.0..5_000.0).contains(&before), "{stderr}");
        let trainings = table(&stdout, "training ");
        assert_eq!(names(&trainings), [format!("{mode}, 1 worker")]);
        assert_eq!(trainings[0].1[0], 5_000.0 - before, "{stdout}");

        // It was saved at its end too, where nothing is left to do.
        let (output, _) = sgd(&format!("--resume --checkpoint {shown}")).finish();
        let stderr = text(&output.stderr);
        assert!(stderr.contains("goes on after 5000 of 5000 batches"), "{stderr}");
        assert!(output.status.success(), "{stderr}");
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}

/// What cannot be resumed is said, and no training begins.
#[test]
fn a_file_of_no_training_is_not_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    for content in [None, Some("no such file")] {
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let (output, _) = sgd(&format!("--resume --checkpoint {}", file.display())).finish();
        let stderr = text(&output.stderr);
        assert!(!output.status.success() && stderr.contains("cannot resume"), "{stderr}");
        assert!(stderr.contains(file.to_str().unwrap()), "{stderr}");
    }
}

/// While the kernel takes the leader apart its pipe may be closed and its regions not yet. The test
/// stands in for them and has the model attached, so no worker is the last to leave it.
#[test]
fn the_model_goes_though_the_killed_leader_still_seems_attached() {
    let sgd = sgd("--workers 2 --epochs 10000 --no-compare");
    let workers = sgd.workers_at_work(2, 2);
    let model = attach(&sgd);
    assert!(model.is_current());
    sgd.kill_without_a_trace(&workers);
    assert!(!model.is_current());
}

/// No worker may have left when all was done but the leader had not seen it.
#[test]
fn nothing_is_left_when_the_leader_is_killed_at_the_end() {
    let sgd = sgd("--workers 2 --epochs 10 --no-compare");
    let workers = sgd.workers_at_work(2, 2);
    let model = attach(&sgd);
    let untrained = model.b2.read();
    until("the training to begin", || model.b2.read() != untrained);
    drop(model);
    sgd.kill_when_all_is_done(&workers);
}
