//! Handwritten digits on two hosts, of which each has half of the digits: alone none learns the others,
//! with bridges both learn all.
//!
//! From the top down: the command line is here, `training` leads a training and `worker` is the process
//! of a host in it; `plot` draws both. What is learned and how is that of `sgd`.

#[path = "../../../../src/bin/sgd/data.rs"]
mod data;
mod host;
#[path = "../../../../src/bin/sgd/model.rs"]
mod model;
#[cfg_attr(not(test), expect(dead_code, reason = "the loss, which `sgd` shows"))]
#[path = "../../../../src/bin/sgd/network.rs"]
mod network;
#[path = "../../../../src/bin/sgd/plan.rs"]
mod plan;
mod plot;
mod training;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use shma_examples::console::{self, tell};
use shma_examples::ending::{self, Ending};
use shma_examples::{options, stop};
use shma_hosts::bridges::{self, HOSTS};

use crate::data::Digits;
use crate::training::{Order, Run};

/// Train on two hosts, each with half of the digits, first alone and then with bridges.
///
/// Host A has the images of the digits 0 to 4, host B those of 5 to 9. Two regions on this machine play
/// the hosts. Alone none tells the other half. With bridges all parameters move to the mean of both
/// every few milliseconds, and a gathered row of each host says how far it is, from which both take the
/// same learning rate.
#[derive(Debug, Parser)]
#[command(name = "digits", version, after_help = exit_codes(), args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Part>,
    #[command(flatten)]
    options: Options,
}

/// Not for people.
#[derive(Debug, Subcommand)]
enum Part {
    /// Be the worker of a host.
    #[command(hide = true)]
    Worker {
        /// The regions, with {rank} for the host.
        name: String,
        /// The host.
        host: usize,
    },
    /// Be a bridge.
    #[command(hide = true)]
    Bridge(bridges::One),
}

#[derive(Debug, clap::Args)]
struct Options {
    /// How often each host goes through its images, 1 to 1000.
    #[arg(long, short, value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u64).range(1..=1_000))]
    epochs: u64,
    /// Decides the first parameters and the order of the images.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The test accuracy that both hosts are to reach with bridges, above 0 and up to 1.
    #[arg(long, value_name = "X", default_value_t = 0.9,
          value_parser = |text: &str| options::number(text, 1.0))]
    target: f64,
    /// Kill all bridges by SIGKILL once a share of the work is done; a third, unless it is given.
    ///
    /// They are started again a tenth of the work later. Nothing but time is lost.
    #[arg(long, value_name = "SHARE", num_args = 0..=1, require_equals = true,
          default_missing_value = "0.3333", value_parser = options::share)]
    kill_bridge: Option<f64>,
    #[command(flatten)]
    how: bridges::How,
    /// Where to write the picture, an SVG.
    #[arg(long, value_name = "FILE", default_value = "digits.svg", value_parser = options::picture)]
    plot: PathBuf,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

fn exit_codes() -> String {
    ending::help(
        "alone each host is below half, and with bridges both reach the target",
        "trained, but an accuracy is not so",
    )
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.command {
        Some(Part::Worker { name, host }) => worker::run(name, *host).map(|()| Ending::Reached),
        Some(Part::Bridge(one)) => one.run().map(|()| Ending::Reached),
        None => lead(&args.options),
    };
    ending::exit_code(result)
}

fn lead(options: &Options) -> Result<Ending> {
    let interrupted = stop::flag().context("cannot listen for signals")?;
    let digits = Digits::load()?;
    let mut runs = Vec::new();
    for bridged in [false, true] {
        let order = Order {
            epochs: options.epochs,
            seed: options.seed,
            bridges: bridged.then_some(&options.how),
            kill_at: options.kill_bridge,
            quiet: options.quiet,
            digits: &digits,
        };
        match training::run(&order, &interrupted)? {
            Some(run) => runs.push(run),
            None => {
                tell("interrupted; workers, bridges and regions are gone");
                return Ok(Ending::Interrupted);
            }
        }
    }
    plot::draw(&options.plot, &runs, options.target)?;
    if !options.quiet {
        console::print(&report(&runs, options))?;
    }
    Ok(verdict(&runs, options.target))
}

fn report(runs: &[Run], options: &Options) -> String {
    let mut text = String::from("host  digits   alone  with bridges\n");
    for host in 0..HOSTS {
        let share = |run: &Run| 100.0 * run.accuracy(host);
        let (name, own) = (host::NAMES[host], host::digits_of(host));
        let (alone, bridged) = (share(&runs[0]), share(&runs[1]));
        text += &format!(
            "{name:4}  {} to {}  {alone:5.1} %       {bridged:5.1} %\n",
            own.start,
            own.end - 1
        );
    }
    text + &format!("of 1,000 test images of all digits; picture: {}\n", options.plot.display())
}

fn verdict(runs: &[Run], target: f64) -> Ending {
    let mut ending = Ending::Reached;
    for (host, name) in host::NAMES.iter().enumerate() {
        let (alone, bridged) = (runs[0].accuracy(host), runs[1].accuracy(host));
        // Not the other way round: an accuracy that is not a number is neither.
        if !(alone < 0.5 && bridged >= target) {
            ending = Ending::Missed;
            tell(&format!(
                "error: host {name}: an accuracy of {alone:.3} alone and {bridged:.3} with bridges, \
                 where less than 0.5 and at least {target} were to be reached"
            ));
        }
    }
    ending
}
