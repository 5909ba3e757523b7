//! A trainer that is killed and goes on where it was: `cargo run --example restart`.
//!
//! What outlives a run lies in the region: weights and steps, published together. What means something
//! within one run only, the wish to stop, is reset by the process that starts the run.

use std::process::{Child, Command};
use std::time::Duration;

use shma_core::{Shm, ShmState};

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(ShmState)]
struct Training {
    weights: [f64; 64],
    step: u64,
    /// Where each run began.
    begun_at: u64,
    #[shm(atomic)]
    stop: u32,
}

fn attach(name: &str) -> Result<Shm<Training>, shma_core::Error> {
    Training::options().persistent(true).open_or_create(name, &Training::zeroed())
}

/// One run: until it is killed, or asked to stop.
fn train(name: &str) -> Result<(), shma_core::Error> {
    let training = attach(name)?;
    training.begun_at.write(&training.step.read());
    while training.stop.get() == 0 {
        // A kill at any instruction leaves both as they were, or both with the step taken.
        training.transaction_of(
            (&training.weights, &training.step),
            |(weights, step), (old_weights, old_step)| {
                weights[*old_step as usize % 64] = old_weights[*old_step as usize % 64] + 1.0;
                *step = old_step + 1;
            },
        );
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [name] = &arguments[..] {
        return Ok(train(name)?);
    }
    let name = format!("restart-{}", std::process::id());
    let training = attach(&name)?;
    let start = || Command::new(std::env::current_exe()?).arg(&name).spawn();
    let await_steps = |wanted: u64| {
        training.step.update_when(PATIENCE, |_, step| (*step >= wanted).then_some(*step))
    };

    let mut trainer: Child = start()?;
    await_steps(1_000)?;
    trainer.kill()?;
    trainer.wait()?;
    let (mut weights, mut step) = ([0.0; 64], 0);
    training.snapshot_of((&training.weights, &training.step), (&mut weights, &mut step));
    assert_eq!(weights.iter().sum::<f64>(), step as f64, "a step is half taken");

    // The next run begins with the step at which the last one was killed.
    training.stop.set(0);
    let seen = training.begun_at.version();
    let mut trainer = start()?;
    training.begun_at.wait_newer(seen, PATIENCE)?;
    assert!(training.begun_at.read() >= step);
    println!("killed after {step} steps, begun again at {}", training.begun_at.read());

    training.stop.set(1);
    assert!(trainer.wait()?.success());
    Ok(Training::unlink(&name)?)
}
