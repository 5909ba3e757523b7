//! `shma checkpoint`: one instant of a region, to begin again from.

use std::io::Write;
use std::path::Path;

use serde_json::json;
use shma_core::Error;

use crate::failure::{Failure, Outcome};
use crate::observe;
use crate::output::Output;

/// Whether a file is, or is going to be, a checkpoint, by its name.
pub fn is_checkpoint(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "safetensors")
}

/// Saves a region. `command` is the one that the answer is of.
pub fn run(
    output: &mut Output,
    command: &'static str,
    name: &str,
    file: &Path,
) -> Result<Outcome, Failure> {
    let view = observe::open(name)?;
    let values = view.checkpoint(file).map_err(|error| match error {
        Error::Contended { .. } => Failure::in_use(format!(
            "{error}; there may be no instant to be had beside writers that never pause: let the \
             program itself save it (`checkpoint`)"
        )),
        error => error.into(),
    })?;
    let fields = view.manifest().fields;
    if output.json {
        let arrays = fields.iter().zip(&values).map(
            |(field, value)| json!({ "name": field.name, "version": u64::from(value.version()) }),
        );
        let arrays: Vec<_> = arrays.collect();
        let file = file.display().to_string();
        output.answer(command, json!({ "region": name, "file": file, "arrays": arrays }))?;
    } else {
        writeln!(output, "{} fields of region {name} to {}", fields.len(), file.display())?;
    }
    Ok(Outcome::Done)
}
