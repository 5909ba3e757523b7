//! `shma checkpoint`: one instant of a region, to begin again from.

use std::io::Write;
use std::path::Path;

use serde_json::json;
use shma_core::Error;

use crate::directory;
use crate::failure::{Failure, Outcome};
use crate::observe;
use crate::output::Output;
use crate::progress::Progress;

/// Saves a region. `command` is the one that the answer is of.
pub fn run(
    output: &mut Output,
    command: &'static str,
    name: &str,
    file: &Path,
    only: &[String],
) -> Result<Outcome, Failure> {
    let view = observe::look(name)?;
    let fields = observe::only(&view, only)?;
    let bytes = fields.iter().map(|field| field.manifest().size as u64).sum();
    let progress = Progress::start(&format!("{name} to {}", directory::shown(file)), bytes, output);
    let values = view.checkpoint_of(file, &fields).map_err(|error| match error {
        Error::Contended { .. } => Failure::in_use(format!(
            "{error}; there may be no instant to be had beside writers that never pause: let the \
             program itself save it (`checkpoint`)"
        )),
        error => error.into(),
    })?;
    drop(progress);
    if output.json {
        let arrays = fields.iter().zip(&values).map(
            |(field, value)| json!({ "name": field.manifest().name, "version": u64::from(value.version()) }),
        );
        let arrays: Vec<_> = arrays.collect();
        let file = file.display().to_string();
        output.answer(command, json!({ "region": name, "file": file, "arrays": arrays }))?;
    } else {
        writeln!(output, "{} fields of region {name} to {}", fields.len(), file.display())?;
    }
    Ok(Outcome::Done)
}
