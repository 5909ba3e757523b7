//! `coupled`: two solvers of one plate, one in C++ and one in Rust, that exchange the rows at the cut.
//!
//! `examples/coupled/run` builds both and starts this program.

mod half;

use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use rustix::process::{Signal, set_parent_process_death_signal};
use shma_core::{Shm, ShmState};
use shma_examples::region;

use half::Plate;

/// Between two looks at the solvers.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Solve the heat equation on a plate, the lower half in C++, the upper one in Rust.
#[derive(Debug, Parser)]
#[command(name = "coupled", version)]
struct Args {
    /// The program that solves the lower half.
    #[arg(long, value_name = "PROGRAM")]
    solver: PathBuf,
    /// Time steps.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    steps: u64,
    /// Kill each solver once by SIGKILL: the one in C++ after a third, the one in Rust after two.
    #[arg(long)]
    kill_one: bool,
    /// Solve the upper half of this region.
    #[arg(long, hide = true, value_name = "REGION")]
    upper: Option<String>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    match &args.upper {
        Some(name) => {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            half::solve(&Plate::open(name)?, args.steps)
        }
        None => lead(&args),
    }
}

/// The solvers, and how each is started.
struct Solvers<'a> {
    args: &'a Args,
    name: &'a str,
    running: [Child; 2],
}

impl<'a> Solvers<'a> {
    fn start(args: &'a Args, name: &'a str) -> Result<Self> {
        let running = [spawn(args, name, 0)?, spawn(args, name, 1)?];
        Ok(Self { args, name, running })
    }

    /// Kills one and starts it again once it is dead.
    fn replace(&mut self, which: usize) -> Result<()> {
        self.running[which].kill()?;
        self.running[which].wait()?;
        self.running[which] = spawn(self.args, self.name, which)?;
        Ok(())
    }

    fn have_ended(&mut self) -> Result<bool> {
        let mut ended = true;
        for solver in &mut self.running {
            match solver.try_wait()? {
                Some(status) if !status.success() => bail!("a solver failed: {status}"),
                status => ended &= status.is_some(),
            }
        }
        Ok(ended)
    }
}

impl Drop for Solvers<'_> {
    fn drop(&mut self) {
        for solver in &mut self.running {
            // Both fail only when it has ended and was reaped.
            let _ = solver.kill();
            let _ = solver.wait();
        }
    }
}

fn spawn(args: &Args, name: &str, which: usize) -> Result<Child> {
    let steps = args.steps.to_string();
    let mut command = match which {
        0 => {
            let mut command = Command::new(&args.solver);
            command.args([name, &steps]);
            command
        }
        _ => {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("--solver").arg(&args.solver);
            command.args(["--steps", &steps, "--upper", name]);
            command
        }
    };
    command.spawn().with_context(|| format!("{command:?}"))
}

/// The step that a half is at.
fn step(plate: &Shm<Plate>, which: usize) -> u64 {
    let half = if which == 0 { &plate.lower } else { &plate.upper };
    half.get(1)[0] as u64
}

fn lead(args: &Args) -> Result<()> {
    let name = region::new_name("coupled");
    let plate = Plate::create(&name, &half::initial())?;
    let mut solvers = Solvers::start(args, &name)?;
    let mut killed = 0;
    while !solvers.have_ended()? {
        if args.kill_one
            && killed < 2
            && step(&plate, killed) >= args.steps * (killed as u64 + 1) / 3
        {
            solvers.replace(killed)?;
            killed += 1;
        }
        // Wakes at the next step of the lower half, if there is one.
        let _ = plate.lower.wait_newer(plate.lower.version(), LOOK_AGAIN);
    }
    let end = plate.snapshot();
    println!("steps     {}, {killed} solvers killed and replaced", step(&plate, 0));
    println!("checksum  {:016x}", half::checksum(&end));
    Ok(())
}
