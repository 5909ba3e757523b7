//! `shma`: looks into the shared-memory states of `shma-core` from a shell.

#![deny(unsafe_code)]

mod args;
mod array;
mod c_names;
mod commands;
mod complete;
mod directory;
mod encode;
mod failure;
mod files;
mod numpy;
mod observe;
mod output;
mod print;
mod progress;
mod report;
mod saving;
mod selection;
mod slices;
mod statistics;
mod table;
mod text;
mod traffic;
mod ui;
mod units;
mod watching;
mod whose;

use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, Parser};
use clap_complete::CompleteEnv;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::args::Arguments;
use crate::output::Output;

/// Lets this process open as many files as it is allowed to.
fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Without it the limit is the one that the user had.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

fn main() -> ExitCode {
    // If a shell asks, this answers and ends.
    let _ = complete::GRAMMAR.set(Arguments::command);
    CompleteEnv::with_factory(Arguments::command).var(commands::COMPLETE).complete();
    let arguments = Arguments::parse();
    raise_limit();
    directory::choose(arguments.dir);
    whose::choose(arguments.user);
    // A limit of file sizes is an error of the call that writes, which names the file, and not the end
    // of this process. If it cannot be had, the signal ends it as before.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
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
