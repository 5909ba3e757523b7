//! `shma import`: arrays of numpy into a region.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use shma_core::untyped::{self, Field, Wait};

use crate::directory;
use crate::failure::{Failure, Outcome};
use crate::numpy::source::Source;
use crate::output::Output;

pub fn run(
    output: &mut Output,
    name: &str,
    file: &Path,
    field: Option<&str>,
    timeout: Duration,
) -> Result<Outcome, Failure> {
    let source = Source::open(file)?;
    let state = untyped::options().dir(directory::path()).keep_dead(true).open(name, None)?;
    let values = source.read(state.manifest().fields, name, field)?;
    let parts: Vec<(&Field, &[u8])> =
        values.iter().map(|(index, value)| (&state.fields()[*index], &value[..])).collect();
    let versions = state.write_all(&parts, Wait::AtMost(timeout))?;
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
