//! A program whose struct has changed carries the old values over: `cargo run --example changed`.
//!
//! Two builds never share a region by mistake: the new one gets `LayoutMismatch`, which says whether a
//! process is attached. `migrate_region` copies what both declarations have, by name and type.

use std::process::{Command, Stdio};

use shma_core::{Error, Shm, ShmState};

/// The declaration of the last release, for the process that plays the old build.
mod before {
    use shma_core::ShmState;

    #[derive(ShmState)]
    pub struct Plant {
        pub level: [f32; 4],
        pub valve: f64,
    }
}

#[derive(ShmState)]
struct Plant {
    /// Two tanks more.
    level: [f32; 6],
    /// It had another name.
    #[shm(was = "valve")]
    inlet: f64,
    /// New.
    alarms: u32,
}

fn start(name: &str) -> Result<Shm<Plant>, Error> {
    let persistent = Plant::options().persistent(true);
    match persistent.clone().open_or_create(name, &Plant::zeroed()) {
        // No process of the old build is attached, so nothing changes the values meanwhile.
        Err(Error::LayoutMismatch { attached: false, .. }) => {
            let (plant, migration) = Plant::migrate_region(name, Plant::zeroed())?;
            println!("{migration}");
            assert!(migration.is_lossless(), "nothing of the old values may be lost");
            Plant::unlink(name)?;
            persistent.create(name, &plant)
        }
        // A process of the old build is attached: the caller ends it first.
        started => started,
    }
}

/// The old build, until its standard input ends.
fn run_old_build(name: &str) -> Result<(), Box<dyn std::error::Error>> {
    let zeroed = before::Plant::zeroed();
    let plant = before::Plant::options().persistent(true).create(name, &zeroed)?;
    plant.transaction(|new, _| {
        *new.level = [1.0, 2.0, 3.0, 4.0];
        *new.valve = 0.5;
    });
    println!("runs");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [name] = &arguments[..] {
        return run_old_build(name);
    }
    let name = format!("changed-{}", std::process::id());
    let mut command = Command::new(std::env::current_exe()?);
    let mut old = command.arg(&name).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut says = std::io::BufReader::new(old.stdout.take().ok_or("its output is piped")?);
    std::io::BufRead::read_line(&mut says, &mut String::new())?;

    // While the old build runs, the new one refuses, and says what differs.
    let refused = start(&name).expect_err("the old build is attached");
    println!("{refused}");
    drop(old.stdin.take());
    assert!(old.wait()?.success());

    let plant = start(&name)?;
    assert_eq!(plant.level.read(), [1.0, 2.0, 3.0, 4.0, 0.0, 0.0]);
    assert_eq!((plant.inlet.read(), plant.alarms.read()), (0.5, 0));
    println!("the new build goes on with {:?}", plant.level.read());
    Ok(Plant::unlink(&name)?)
}
