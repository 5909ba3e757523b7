//! `shma schema`: what `--json` writes.

use std::io::Write;

use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::output::Output;

const TEXT: &str = include_str!("schema.txt");

pub fn run(output: &mut Output) -> Result<Outcome, Failure> {
    if output.json {
        output.answer("schema", json!({ "text": TEXT }))?;
    } else {
        write!(output, "{TEXT}")?;
    }
    Ok(Outcome::Done)
}
