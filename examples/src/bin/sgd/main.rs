//! Distributed gradient descent: worker processes train one network that lies in shared memory.
//!
//! From the top down: `args` is the command line, `training` leads one training and `worker` is a
//! process of it; `report` and `plot` (with `bars`) tell how it went (`run`). Below are the clock and the scores
//! (`curve`), the file from which a training goes on (`saving`), what is learned and how (`data`, `plan`, `network`), and what the processes share
//! (`desk`, and `sharing` with its three ways, of which `model` and `numbers` are the states).

mod args;
mod bars;
mod colours;
mod curve;
mod data;
mod desk;
mod mode;
mod model;
mod network;
mod numbers;
mod plan;
mod plot;
mod regions;
mod report;
mod run;
mod saving;
mod sharing;
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
use crate::run::Run;

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match args.command {
        Some(Command::Worker { mode, training, seat }) => {
            worker::run(mode, &training, seat).map(|()| Ending::Reached)
        }
        None => lead(&args.options),
    };
    ending::exit_code(result)
}

fn lead(options: &Options) -> Result<Ending> {
    let interrupted = stop::flag().context("cannot listen for signals")?;
    let digits = Digits::load()?;
    let saved = options.saved(&digits)?;
    let orders = options.orders(&digits, saved.as_deref());
    // In turn, so that a machine that is slower for a while is so for all.
    let mut all: Vec<Vec<Run>> = orders.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.repeats() {
        for (order, runs) in orders.iter().zip(&mut all) {
            match training::run(order, options.quiet, &interrupted)? {
                Some(run) => runs.push(run),
                None => {
                    tell("interrupted; workers and regions are gone");
                    return Ok(Ending::Interrupted);
                }
            }
        }
    }
    let verdict = verdict(all.iter().flatten(), options.target);
    let runs: Vec<Run> = all.into_iter().filter_map(run::middle).collect();
    plot::draw(&options.plot, &runs, options.target)?;
    if !options.quiet {
        report::print(&runs, options)?;
    }
    Ok(verdict)
}

fn verdict<'a>(runs: impl Iterator<Item = &'a Run>, target: f64) -> Ending {
    let mut ending = Ending::Reached;
    for run in runs.filter(|run| run.accuracy() < target) {
        tell(&format!(
            "error: {}: a test accuracy of {:.3} is below the target of {target}; \
             train for more epochs, or with another learning rate",
            run.label(),
            run.accuracy()
        ));
        ending = Ending::Missed;
    }
    ending
}
