//! Actors notice that their learner is gone, without a heartbeat: `cargo run --example presence`.
//!
//! The learner writes its weights by a `Writer`, which holds the field's semaphore for as long as the
//! learner lives. Readers never wait for that, and any process can ask which process holds it. The
//! kernel says whether the holder lives. There is no period to choose, no clock to compare, and no
//! mistake about a process that is only slow or stopped.

use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use shma_core::{Error, ReadOnly, Shm, ShmState, Version};

const ACTORS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(ShmState)]
struct Policy {
    weights: [f32; 256],
}

/// Trains until it is killed.
fn learn(name: &str) -> Result<(), Error> {
    let policy = Policy::options().wait(PATIENCE).open(name)?;
    let mut weights = policy.weights.writer()?;
    loop {
        weights.update(|new, old| new[0] = old[0] + 1.0);
        thread::sleep(Duration::from_millis(1)); // in place of the training
    }
}

fn learner_is_gone(policy: &Shm<Policy, ReadOnly>) -> bool {
    policy.weights.holder().is_none_or(|holder| holder.dead)
}

/// Plays with the newest weights until there is no learner any more. It cannot change a byte.
fn act(name: &str, actor: usize) -> Result<(), Error> {
    let policy = Policy::options().wait(PATIENCE).open_read_only(name)?;
    let mut seen = Version::default();
    let mut weights = [0.0; 256];
    loop {
        match policy.weights.wait_newer(seen, Duration::from_millis(50)) {
            Ok(_) => seen = policy.weights.read_into(&mut weights),
            // Nothing new: because it is slow, or because it is gone?
            Err(Error::Timeout { .. }) if learner_is_gone(&policy) => {
                println!("actor {actor}: the learner is gone, {} was its last weight", weights[0]);
                return Ok(());
            }
            Err(Error::Timeout { .. }) => {}
            Err(error) => return Err(error),
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [name, role] if role == "learner" => return Ok(learn(name)?),
        [name, actor] => return Ok(act(name, actor.parse()?)?),
        _ => {}
    }
    let name = format!("presence-{}", std::process::id());
    let policy = Policy::create(&name, &Policy::zeroed())?;
    let start = |role: &str| Command::new(std::env::current_exe()?).args([&name, role]).spawn();
    let mut learner = start("learner")?;
    let mut seen = policy.weights.wait_newer(policy.weights.version(), PATIENCE)?;
    let holder = policy.weights.holder().ok_or("the learner trains, so it is there")?;
    assert_eq!((holder.pid, holder.dead), (learner.id(), false));

    let actors: Vec<Child> =
        (0..ACTORS).map(|actor| start(&actor.to_string())).collect::<Result<_, _>>()?;
    for _ in 0..100 {
        seen = policy.weights.wait_newer(seen, PATIENCE)?;
    }
    learner.kill()?;
    learner.wait()?;
    for mut actor in actors {
        assert!(actor.wait()?.success());
    }
    // Its last weights are intact, and the next learner finds its place free.
    let (weights, version) = policy.weights.read_versioned();
    assert_eq!(f64::from(weights[0]), (u64::from(version) - 1) as f64);
    policy.weights.try_update(|_, _| ())?;
    Ok(())
}
