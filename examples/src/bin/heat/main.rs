//! The heat equation on a plate that is cut into strips, which processes solve together.
//!
//! From the top down: `args` is the command line, `solving` leads a solution and `worker` is a
//! process of it; `report` and `plot` (with `heatmap`) tell how it went. Below are a strip at work
//! (`piece`, `neighbour`), the scheme and what it is measured by (`stencil`, `truth`), and what the
//! processes share (`plate`, `plan`). Why no time step ever mixes is argued in `plate`.

mod args;
mod heatmap;
mod neighbour;
mod piece;
mod plan;
mod plate;
mod plot;
mod report;
mod row;
mod solving;
mod standing;
mod stencil;
mod temperature;
mod truth;
mod worker;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use shma_examples::console::tell;
use shma_examples::ending::{self, Ending};
use shma_examples::stop;

use crate::args::{Args, Command, Options};
use crate::plate::on_grid;
use crate::solving::Outcome;

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match args.command {
        Some(Command::Worker { region, grid, seat }) => {
            on_grid!(grid, worker::run(&region, seat)).map(|()| Ending::Reached)
        }
        None => lead(&args.options),
    };
    ending::exit_code(result)
}

fn lead(options: &Options) -> Result<Ending> {
    let interrupted = stop::flag().context("cannot listen for signals")?;
    let order = options.order();
    let Some(outcome) = on_grid!(order.grid, solving::run(&order, &interrupted))? else {
        tell("interrupted; workers and region are gone");
        return Ok(Ending::Interrupted);
    };
    plot::draw(&options.plot, &outcome)?;
    if !options.quiet {
        report::print(&outcome, &options.plot)?;
    }
    Ok(verdict(&outcome))
}

fn verdict(outcome: &Outcome) -> Ending {
    let Outcome { error, tolerance, .. } = outcome;
    // Not the other way round: an error that is not a number is too large.
    if error <= tolerance {
        return Ending::Reached;
    }
    tell(&format!(
        "error: the largest error, {error:.3e}, is above the tolerance of {tolerance:.3e}"
    ));
    Ending::Missed
}
