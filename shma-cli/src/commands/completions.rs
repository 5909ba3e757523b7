//! `shma completions`: for the shell.

use std::io::Write;

use clap_complete::Shell;
use clap_complete::env::Shells;
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// The variable by which the shell asks.
pub const VARIABLE: &str = "COMPLETE";

pub fn run(output: &mut Output, shell: Shell) -> Result<Outcome, Failure> {
    let mut text = Vec::new();
    let shells = Shells::builtins();
    let name = shell.to_string();
    let known = shells.completer(&name).expect("both lists have the same shells");
    known.write_registration(VARIABLE, "shma", "shma", "shma", &mut text)?;
    if output.json {
        let text = String::from_utf8_lossy(&text);
        output.answer("completions", json!({ "shell": name, "text": text }))?;
    } else {
        output.write_all(&text)?;
    }
    Ok(Outcome::Done)
}
