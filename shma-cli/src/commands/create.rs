//! `shma create`: a region of the values in a file.

use std::io::Write;
use std::path::Path;

use serde_json::json;
use shma_core::Error;
use shma_core::inspect::Checkpoint;
use shma_core::untyped::{self, Declaration};

use crate::directory;
use crate::failure::{Failure, Outcome};
use crate::files::is_checkpoint;
use crate::numpy::source;
use crate::output::Output;
use crate::progress::Progress;

pub fn run(
    output: &mut Output,
    name: &str,
    from: &Path,
    only: &[String],
    state: Option<String>,
) -> Result<Outcome, Failure> {
    // The last handle would delete any other one when this command ends.
    let mut options = untyped::options().dir(directory::path()).persistent(true);
    let size = from.metadata().map_or(0, |file| file.len());
    let progress = Progress::start(&format!("{} to {name}", directory::shown(from)), size, output);
    let is_wanted = |array: &str| only.is_empty() || only.iter().any(|name| name == array);
    let mut declaration = if is_checkpoint(from) {
        let saved = Checkpoint::open(from)?;
        for (key, text) in saved.manifest().into_iter().flat_map(|manifest| manifest.notes()) {
            options = options.note(key, text);
        }
        let names: Vec<String> = saved.tensors().map(|tensor| tensor.name.to_owned()).collect();
        source::has_all(from, only, &names)?;
        Declaration::load_only(&saved, is_wanted).map_err(leave_out)?
    } else {
        source::declare(from, only)?
    };
    if let Some(state) = state {
        declaration.rename(state)?;
    }
    let state = options.create(name, &declaration)?;
    drop(progress);
    let fields = state.fields();
    if output.json {
        let arrays = fields
            .iter()
            .map(|field| json!({ "name": field.name(), "version": u64::from(field.version()) }));
        let arrays: Vec<_> = arrays.collect();
        let file = from.display().to_string();
        output.answer("create", json!({ "region": name, "file": file, "arrays": arrays }))?;
    } else {
        let (count, from) = (fields.len(), from.display());
        let declared = state.manifest().name;
        writeln!(
            output,
            "region {name}, state {declared}: {count} fields of {from}; it is persistent"
        )?;
    }
    Ok(Outcome::Done)
}

/// An array that can be no field may not be needed.
fn leave_out(error: Error) -> Failure {
    match error {
        Error::Declaration { field: Some(_), .. } => Failure::unusable(format!(
            "{error}; name the arrays that are to become fields with --only, and it is left out"
        )),
        error => error.into(),
    }
}
