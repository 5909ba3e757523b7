//! Distributed gradient descent: worker processes train one network that lies in shared memory.
//!
//! From the top down: `args` is the command line, `training` leads one training and `worker` is a
//! process of it; `report` and `plot` tell how it went. Below are the clock and the scores (`curve`),
//! and what the processes share (`desk`, `model`).

mod args;
mod curve;
mod data;
mod desk;
mod model;
mod network;
mod plan;
mod plot;
mod regions;
mod report;
mod standing;
mod training;
mod worker;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use shma_examples::console::tell;
use shma_examples::ending::{self, Ending};
use shma_examples::stop;

use crate::args::{Args, Command, Options};
use crate::data::Digits;
use crate::training::Training;

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match args.command {
        Some(Command::Worker { training, seat }) => {
            worker::run(&training, seat).map(|()| Ending::Reached)
        }
        None => lead(&args.options),
    };
    ending::exit_code(result)
}

fn lead(options: &Options) -> Result<Ending> {
    let interrupted = stop::flag().context("cannot listen for signals")?;
    let digits = Digits::load()?;
    let mut runs = Vec::new();
    for order in options.orders(&digits) {
        match Training::run(&order, options.quiet, &interrupted)? {
            Some(run) => runs.push(run),
            None => {
                tell("interrupted; workers and regions are gone");
                return Ok(Ending::Interrupted);
            }
        }
    }
    plot::draw(&options.plot, &runs, options.target)?;
    if !options.quiet {
        report::print(&runs, options)?;
    }
    Ok(verdict(options, runs.last().context("no training was ordered")?.accuracy()))
}

fn verdict(options: &Options, accuracy: f64) -> Ending {
    if accuracy >= options.target {
        return Ending::Reached;
    }
    tell(&format!(
        "error: a test accuracy of {accuracy:.3} is below the target of {}; \
         train for more epochs, or with another learning rate",
        options.target
    ));
    Ending::Missed
}
