//! A learner publishes its parameters, and actors follow: `cargo run --example follow`.
//!
//! The learner never waits for an actor. An actor copies the parameters only when there is a newer
//! version, and skips versions that came and went while it was at work. Episodes are counted in an
//! atomic field, so no actor waits for another one.

use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use shma_core::{Error, ShmState, Version};

const ACTORS: usize = 3;
const EPOCHS: u64 = 200;

#[derive(ShmState)]
struct Policy {
    weights: [f32; 4096],
    /// The learner's epoch; in the same transaction as the weights.
    #[shm(no_merge)]
    epoch: u64,
    /// Episodes that each actor has played.
    #[shm(atomic)]
    episodes: [u64; ACTORS],
}

fn act(name: &str, actor: usize) -> Result<(), Error> {
    let policy = Policy::options().wait(Duration::from_secs(10)).open(name)?;
    let mut weights = [0.0; 4096];
    let mut seen = Version::default();
    let mut used = 0;
    loop {
        if let Some(newer) = policy.weights.read_newer(seen, &mut weights) {
            seen = newer;
            used += 1;
        }
        // An episode: all weights are of one epoch, however often the learner publishes meanwhile.
        assert!(weights.iter().all(|weight| *weight == weights[0]));
        policy.episodes.fetch_add(actor, 1);
        if policy.epoch.read() == EPOCHS {
            println!("actor {actor} used {used} of {EPOCHS} versions");
            return Ok(());
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    if let (Some(name), Some(actor)) = (arguments.next(), arguments.next()) {
        return Ok(act(&name, actor.parse()?)?);
    }
    let name = format!("follow-{}", std::process::id());
    let policy = Policy::create(&name, &Policy::zeroed())?;
    let start = |actor: usize| {
        Command::new(std::env::current_exe()?).args([&name, &actor.to_string()]).spawn()
    };
    let actors: Vec<Child> = (0..ACTORS).map(start).collect::<Result<_, _>>()?;
    // The learner starts when each actor has played.
    let mut counted = Version::default();
    while (0..ACTORS).any(|actor| policy.episodes.get(actor) == 0) {
        counted = policy.episodes.wait_newer(counted, Duration::from_secs(10))?;
    }
    for epoch in 1..=EPOCHS {
        thread::sleep(Duration::from_millis(1)); // in place of the training
        policy.transaction(|new, _| {
            new.weights.fill(epoch as f32);
            *new.epoch = epoch;
        });
    }
    for mut actor in actors {
        assert!(actor.wait()?.success());
    }
    let episodes: Vec<u64> = (0..ACTORS).map(|actor| policy.episodes.get(actor)).collect();
    println!("episodes: {episodes:?}");
    Ok(())
}
