//! `shma rm`: removes a region's name.

use std::io::Write;

use serde_json::json;
use shma_core::Error;
use shma_core::inspect::{self, View};

use super::ask;
use crate::failure::{Failure, Outcome};
use crate::output::Output;

pub fn run(output: &mut Output, name: &str, yes: bool) -> Result<Outcome, Failure> {
    let view = match View::open(name) {
        Err(Error::NotARegion { reason, .. }) => return Err(no_region(name, &reason)),
        view => view?,
    };
    if !yes && view.is_attached()? {
        let question = format!("somebody is attached to region {name}; remove its name?");
        let otherwise =
            format!("somebody is attached to region `{name}`: say --yes to remove its name");
        if !ask(output, &question, &otherwise)? {
            return Ok(Outcome::No);
        }
    }
    drop(view);
    inspect::unlink(name)?;
    if output.json {
        output.answer("rm", json!({ "removed": [name] }))?;
    } else {
        writeln!(output, "removed {name}")?;
    }
    Ok(Outcome::Done)
}

/// What is no region is not removed: this program does not know what it is.
fn no_region(name: &str, reason: &str) -> Failure {
    Failure::unusable(format!(
        "/dev/shm/shma.{name} is no region that this program knows: {reason}; if nobody needs the file, remove it with rm"
    ))
}
