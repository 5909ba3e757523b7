//! `sgd`: what it prints and writes, and that it ends as it should whoever is killed.

use shma_core::{ReadOnly, Shm, ShmState};

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

fn sgd(line: &str) -> Leader {
    Leader::start("sgd", env!("CARGO_BIN_EXE_sgd"), line)
}

fn attach(sgd: &Leader) -> Shm<Model, ReadOnly> {
    let regions = sgd.regions();
    let region = regions.iter().find(|region| region.ends_with(".model")).unwrap();
    Model::open_read_only(region.strip_prefix("shma.").unwrap()).unwrap()
}

#[test]
fn two_workers_learn_the_digits_and_are_compared_with_one() {
    let (output, picture) = sgd("--workers 2 --epochs 3 --target 0.9").finish();
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
        let (output, picture) = sgd(&line).finish();
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
    let (output, _) = sgd("--workers 1 --epochs 3 --target 0.9 --kill-one").finish();
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("a new one takes the seat"), "{stderr}");
    assert!(stderr.contains("nobody waited for the dead"), "{stderr}");
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
    let (output, picture) = sgd("--workers 2 --epochs 1 --target 0.999").finish();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("below the target of 0.999"), "{stderr}");
    assert!(picture.is_some());
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

/// Nobody may have left when all was done but the leader had not seen it.
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
