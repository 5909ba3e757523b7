//! The plate of `heat` on two hosts: each solves a half, and the rows at the cut are a gathered field.

mod half;

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use shma_core::{Shm, ShmState};
use shma_examples::console::{self, tell};
use shma_examples::crew::Crew;
use shma_examples::ending::{self, Ending};
use shma_examples::lifeline::Lifeline;
use shma_examples::patience::Patience;
use shma_examples::progress::Progress;
use shma_examples::{region, stop};
use shma_hosts::bridges::{self, Bridges, HOSTS};

use half::{Host, name_of};

/// The rules by which bridges mirror a [`Host`].
const RULES: [&str; 2] = ["--gather", "edges"];

/// Solve the heat equation on a plate, each half on a host of its own.
///
/// Two regions on this machine play the hosts. Of the field `edges` each host owns a row, which holds
/// the row of its half at the cut. The result has the bits of `heat` with as many steps.
#[derive(Debug, Parser)]
#[command(name = "plate", version, after_help = exit_codes(), args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Part>,
    #[command(flatten)]
    options: Options,
}

/// Not for people.
#[derive(Debug, Subcommand)]
enum Part {
    /// Be the solver of a host.
    #[command(hide = true)]
    Worker {
        /// The regions, with {rank} for the host.
        name: String,
        /// Time steps.
        steps: u64,
        /// The host.
        host: usize,
    },
    /// Be a bridge.
    #[command(hide = true)]
    Bridge(bridges::One),
}

#[derive(Debug, clap::Args)]
struct Options {
    /// Time steps, 1 to 1000000.
    #[arg(long, value_name = "N", default_value_t = 16_513,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    steps: u64,
    /// Kill all bridges by SIGKILL after a third of the steps, and start them again.
    #[arg(long)]
    kill_bridge: bool,
    #[command(flatten)]
    how: bridges::How,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

fn exit_codes() -> String {
    ending::help("solved", "never")
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.command {
        Some(Part::Worker { name, steps, host }) => {
            let regions = name.clone();
            let remove = move || half::remove(&regions);
            let work = |lifeline: &Lifeline| half::solve(name, *host, *steps, lifeline);
            Lifeline::hold(remove, work).map(|()| Ending::Reached)
        }
        Some(Part::Bridge(one)) => one.run().map(|()| Ending::Reached),
        None => lead(&args.options),
    };
    ending::exit_code(result)
}

fn lead(options: &Options) -> Result<Ending> {
    let interrupted = stop::flag().context("cannot listen for signals")?;
    let name = format!("{}-{{rank}}", region::new_name("plate"));
    let create = |host| Host::create(&name_of(&name, host), &half::initial(host));
    let hosts = (0..HOSTS).map(create).collect::<Result<Vec<_>, _>>()?;
    let mut bridges = Bridges::start(&options.how, &name, &RULES)?;
    let arguments = vec!["worker".to_owned(), name, options.steps.to_string()];
    let crew = Crew::start(arguments, HOSTS)?;
    let progress = Progress::new("", options.steps, options.quiet)?;
    let Some(killed) = watch(options, &hosts, &mut bridges, crew, progress, &interrupted)? else {
        tell("interrupted; solvers, bridges and regions are gone");
        return Ok(Ending::Interrupted);
    };
    bridges.end()?;
    if !options.quiet {
        let halves: Vec<_> = hosts.iter().map(|host| host.half.read_boxed()).collect();
        let sum = half::checksum(halves.iter().map(|half| &**half));
        let killed = if killed { ", bridges killed and started again" } else { "" };
        console::print(&format!("steps     {}{killed}\nchecksum  {sum:016x}\n", options.steps))?;
    }
    Ok(Ending::Reached)
}

/// Looks after the solution until it is done; says whether bridges were killed, or `None` if it was
/// interrupted.
fn watch(
    options: &Options,
    hosts: &[Shm<Host>],
    bridges: &mut Bridges,
    mut crew: Crew,
    mut progress: Progress,
    interrupted: &AtomicBool,
) -> Result<Option<bool>> {
    let (mut patience, mut killed) = (Patience::default(), false);
    loop {
        let Some(departed) = crew.watch(interrupted)? else { return Ok(None) };
        ensure!(departed.is_empty(), "a solver has ended before its work");
        bridges.look()?;
        let steps: Vec<u64> = hosts.iter().map(half::step).collect();
        let behind = steps.iter().copied().fold(u64::MAX, u64::min);
        if behind == options.steps {
            crew.dismiss()?;
            return Ok(Some(killed));
        }
        if options.kill_bridge && !killed && behind >= options.steps / 3 {
            bridges.kill()?;
            progress
                .say(&format!("killed all bridges by SIGKILL at step {behind}; both hosts wait"));
            bridges.start_again()?;
            killed = true;
        }
        if progress.is_due() {
            progress.show(behind, format!("step {behind}"));
        }
        patience.look(steps.iter().sum())?;
    }
}
