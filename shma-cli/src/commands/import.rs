//! `shma import`: arrays of numpy into a region.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use shma_core::inspect::Writer;

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
    let writer = Writer::open_in(directory::path(), name)?;
    let values = source.read(writer.manifest().fields, name, field)?;
    let fields = writer.manifest().fields;
    let parts: Vec<(&str, &[u8])> =
        values.iter().map(|(index, value)| (fields[*index].name, &value[..])).collect();
    let versions = writer.write_all(&parts, timeout)?;
    if output.json {
        let arrays = parts.iter().zip(versions);
        let arrays: Vec<_> = arrays
            .map(|((name, _), version)| json!({ "name": name, "version": u64::from(version) }))
            .collect();
        let file = file.display().to_string();
        output.answer("import", json!({ "region": name, "file": file, "arrays": arrays }))?;
    } else {
        writeln!(output, "{} arrays to region {name}", parts.len())?;
    }
    Ok(Outcome::Done)
}
