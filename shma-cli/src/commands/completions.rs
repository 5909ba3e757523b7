//! `shma completions`: for the shell.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::{Shell, generate};
use serde_json::json;

use crate::args::Arguments;
use crate::failure::{Failure, Outcome};
use crate::output::Output;

pub fn run(output: &mut Output, shell: Shell) -> Result<Outcome, Failure> {
    let mut text = Vec::new();
    generate(shell, &mut Arguments::command(), "shma", &mut text);
    if output.json {
        let text = String::from_utf8_lossy(&text);
        output.answer("completions", json!({ "shell": shell.to_string(), "text": text }))?;
    } else {
        output.write_all(&text)?;
    }
    Ok(Outcome::Done)
}
