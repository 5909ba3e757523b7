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

use crate::args::Command;
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// Does what a command says.
pub fn run(command: Command, output: &mut Output) -> Result<Outcome, Failure> {
    match command {
        Command::Ls => ls::run(output),
        Command::Info { name } => info::run(output, &name),
        Command::Get { name, what, all, csv, npy } => {
            let form = get::Form { all, csv, npy };
            get::run(output, &name, &what, &form)
        }
        Command::Export { name, file, by_field } => export::run(output, &name, &file, by_field),
        Command::Import { name, file, field, timeout } => {
            import::run(output, &name, &file, field.as_deref(), timeout)
        }
        Command::Checkpoint { name, file } => checkpoint::run(output, "checkpoint", &name, &file),
        Command::Create { name, from, state } => create::run(output, &name, &from, state),
        Command::Migrate { from, name, timeout } => migrate::run(output, &from, &name, timeout),
        Command::Watch { name, fields, pace } => watch::run(output, &name, &fields, pace),
        Command::Top { pace } => top::run(output, pace),
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
