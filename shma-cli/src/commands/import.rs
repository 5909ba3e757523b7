//! `shma import`: arrays of a file into a region.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use shma_core::FieldManifest;
use shma_core::inspect::Checkpoint;
use shma_core::untyped::{self, Field, Wait};

use crate::directory;
use crate::failure::{Failure, Outcome};
use crate::files::is_checkpoint;
use crate::numpy::source::{self, Source, Values};
use crate::output::Output;
use crate::progress::Progress;

/// What of the file is written.
#[derive(Debug)]
pub struct Choice {
    /// The field that an array without a name is for.
    pub field: Option<String>,
    /// Only these fields, unless it is empty.
    pub only: Vec<String>,
}

pub fn run(
    output: &mut Output,
    name: &str,
    file: &Path,
    Choice { field, only }: &Choice,
    timeout: Duration,
) -> Result<Outcome, Failure> {
    let open = || untyped::options().dir(directory::path()).keep_dead(true).open(name, None);
    let size = file.metadata().map_or(0, |file| file.len());
    let progress = Progress::start(&format!("{} to {name}", directory::shown(file)), size, output);
    let is_wanted = |array: &str| only.is_empty() || only.iter().any(|name| name == array);
    let (state, values) = if is_checkpoint(file) {
        if field.is_some() {
            return Err(Failure::usage(
                "the values of a .safetensors file have names; leave out --field",
            ));
        }
        let (saved, state) = (Checkpoint::open(file)?, open()?);
        let values = values(&saved, state.manifest().fields, name, is_wanted)?;
        (state, values)
    } else {
        let (source, state) = (Source::open(file)?, open()?);
        let values = source.read(state.manifest().fields, name, field.as_deref(), &is_wanted)?;
        (state, values)
    };
    let is_read = |name: &str| values.iter().any(|(at, _)| state.fields()[*at].name() == name);
    if let Some(missing) = only.iter().find(|name| !is_read(name)) {
        return Err(source::without(file, missing));
    }
    let parts: Vec<(&Field, &[u8])> =
        values.iter().map(|(index, value)| (&state.fields()[*index], &value[..])).collect();
    let versions = state.write_all(&parts, Wait::AtMost(timeout))?;
    drop(progress);
    if output.json {
        let arrays = parts.iter().zip(versions);
        let arrays: Vec<_> = arrays
            .map(|((field, _), version)| json!({ "name": field.name(), "version": u64::from(version) }))
            .collect();
        let file = file.display().to_string();
        output.answer("import", json!({ "region": name, "file": file, "arrays": arrays }))?;
    } else {
        writeln!(output, "{} arrays to region {name}", parts.len())?;
    }
    Ok(Outcome::Done)
}

/// The values of a file, each of which has to fit a field.
fn values(
    saved: &Checkpoint,
    fields: &[FieldManifest<'_>],
    region: &str,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Values, Failure> {
    let mut values = Values::new();
    for (number, tensor) in saved.tensors().enumerate().filter(|(_, it)| is_wanted(it.name)) {
        let place = fields.iter().position(|field| field.name == tensor.name).ok_or_else(|| {
            let (path, name) = (saved.path().display(), tensor.name.escape_debug());
            Failure::unusable(format!("{path}: tensor `{name}` has no field in region `{region}`"))
        })?;
        values.push((place, saved.read_as(number, &fields[place])?));
    }
    if saved.tensors().len() == 0 {
        let path = saved.path().display();
        return Err(Failure::unusable(format!("{path}: there are no tensors in it")));
    }
    values.sort_unstable_by_key(|(place, _)| *place);
    Ok(values)
}
