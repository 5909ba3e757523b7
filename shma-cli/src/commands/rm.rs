//! `shma rm`: removes a region's name.

use std::io::Write;

use serde_json::json;
use shma_core::Error;
use shma_core::inspect;

use super::ask;
use crate::directory;
use crate::failure::{Failure, Outcome};
use crate::observe;
use crate::output::Output;

pub fn run(output: &mut Output, name: &str, yes: bool) -> Result<Outcome, Failure> {
    let view = match observe::open(name) {
        Err(Error::NotARegion { reason, .. }) => return Err(no_region(name, &reason)),
        view => view?,
    };
    if !yes && view.is_attached()? {
        let question = format!("region {name} is in use; remove its name?");
        let otherwise = format!(
            "region `{name}` is in use: --yes removes its name, and attached processes keep its memory"
        );
        if !ask(output, &question, &otherwise)? {
            return Ok(Outcome::No);
        }
    }
    drop(view);
    inspect::unlink_in(directory::path(), name)?;
    if output.json {
        output.answer("rm", json!({ "removed": [name] }))?;
    } else {
        writeln!(output, "removed {name}")?;
    }
    Ok(Outcome::Done)
}

/// What is no region is not removed: this program does not know what it is.
fn no_region(name: &str, reason: &str) -> Failure {
    let file = directory::file(name);
    let (path, word) = (directory::shown(&file), directory::word(&file));
    Failure::unusable(format!(
        "{path} is no region that this program knows: {reason}; it may be in use by another version: `fuser -v {word}` lists processes that have it open"
    ))
}
