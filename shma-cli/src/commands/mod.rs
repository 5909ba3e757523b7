//! The commands, a file each.

mod checkpoint;
mod clean;
mod completions;
mod create;
mod diff;
mod doctor;
mod export;
mod get;
mod header;
mod import;
mod info;
mod ls;
mod metrics;
mod migrate;
mod rm;
mod schema;
mod set;
pub mod top;
mod watch;

use std::io::{self, BufRead, IsTerminal, Write};

pub use self::completions::VARIABLE as COMPLETE;

use crate::args::Command;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::whose;

/// Does what a command says.
pub fn run(command: Command, output: &mut Output) -> Result<Outcome, Failure> {
    let other = whose::chosen().filter(|user| *user != whose::mine());
    if let (Some(command), Some(user)) = (command.changes(), other) {
        return Err(Failure::usage(format!(
            "`shma {command}` changes regions, and --user is for looking at them; run it as that user: \
             sudo -u '#{user}' shma {command} .."
        )));
    }
    match command {
        Command::Ls => ls::run(output),
        Command::Info { name, only } => info::run(output, &name, &only),
        Command::Get { name, what, all, csv, npy } => {
            let form = get::Form { all, csv, npy };
            get::run(output, &name, &what, &form)
        }
        Command::Export { name, file, only, by_field } => {
            export::run(output, &name, &file, &only, by_field)
        }
        Command::Import { name, file, field, only, timeout } => {
            let choice = import::Choice { field, only };
            import::run(output, &name, &file, &choice, timeout)
        }
        Command::Checkpoint { name, file, only } => {
            checkpoint::run(output, "checkpoint", &name, &file, &only)
        }
        Command::Create { name, from, only, state } => {
            create::run(output, &name, &from, &only, state)
        }
        Command::Migrate { from, name, dry_run, timeout } => {
            let wait = (!dry_run).then_some(timeout);
            migrate::run(output, &from, &name, wait)
        }
        Command::Watch { name, fields, pace } => watch::run(output, &name, &fields, pace),
        Command::Top { paths, pace } => top::run(output, &paths, pace),
        Command::Diff { a, b } => diff::run(output, &a, &b),
        Command::Doctor { name } => doctor::run(output, name.as_deref()),
        Command::Clean { names, dry_run, yes } => clean::run(output, &names, dry_run, yes),
        Command::Rm { name, yes } => rm::run(output, &name, yes),
        Command::Header { name, prefix, cpp } => header::run(output, &name, prefix.as_deref(), cpp),
        Command::Completions { shell } => completions::run(output, shell),
        Command::Metrics => metrics::run(output),
        Command::Set { name, path, value, npy, if_version, timeout } => {
            let change = set::Change { value, npy, if_version, timeout };
            set::run(output, &name, &path, &change)
        }
        Command::Schema => schema::run(output),
    }
}

/// Asks a person. Where there is none to ask, `otherwise` says what to do instead.
fn ask(output: &mut Output, question: &str, otherwise: &str) -> Result<bool, Failure> {
    let stdin = io::stdin();
    if !stdin.is_terminal() || !output.is_terminal || output.json {
        return Err(Failure::in_use(otherwise));
    }
    write!(output, "{question} [y/N] ")?;
    output.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
