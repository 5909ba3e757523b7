//! `shma`: looks into the shared-memory states of `shma-core` from a shell.

#![deny(unsafe_code)]

mod args;
mod array;
mod c_names;
mod commands;
mod failure;
mod files;
mod numpy;
mod observe;
mod output;
mod print;
mod report;
mod saving;
mod selection;
mod statistics;
mod table;
mod text;
mod traffic;
mod ui;
mod units;
mod watching;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Arguments;
use crate::output::Output;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut output = Output::new(arguments.json);
    let done = commands::run(arguments.command, &mut output).and_then(|outcome| {
        output.finish()?;
        Ok(outcome)
    });
    match done {
        Ok(outcome) => outcome.into(),
        Err(failure) => failure.report(arguments.json),
    }
}
