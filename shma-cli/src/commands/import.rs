//! `shma import`: arrays of numpy into a region.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use shma_core::FieldManifest;
use shma_core::inspect::Writer;

use crate::failure::{Failure, Outcome};
use crate::npz::Arrays;
use crate::output::Output;

pub fn run(
    output: &mut Output,
    name: &str,
    file: &Path,
    timeout: Duration,
) -> Result<Outcome, Failure> {
    let mut arrays = Arrays::open(file)?;
    let writer = Writer::open(name)?;
    let fields = matching(&mut arrays, writer.manifest().fields, name, file)?;
    let mut written = Vec::new();
    for field in fields {
        let value = arrays.read(field)?;
        let version = writer.write(field.name, &value, timeout).map_err(|error| {
            let failure = Failure::from(error);
            let done = written.len();
            Failure::in_use(format!(
                "{failure}; {done} fields are written, the others are as before"
            ))
        })?;
        written.push(json!({ "name": field.name, "version": u64::from(version) }));
    }
    if output.json {
        let file = file.display().to_string();
        output.answer("import", json!({ "region": name, "file": file, "arrays": written }))?;
    } else {
        writeln!(output, "{} arrays to region {name}", written.len())?;
    }
    Ok(Outcome::Done)
}

/// The fields that the arrays are for, in declaration order, each of which fits. Nothing is
/// written unless all do.
fn matching<'m>(
    arrays: &mut Arrays,
    fields: &'m [FieldManifest<'m>],
    name: &str,
    file: &Path,
) -> Result<Vec<&'m FieldManifest<'m>>, Failure> {
    let names = arrays.names()?;
    if names.is_empty() {
        return Err(Failure::unusable(format!("{}: there are no arrays in it", file.display())));
    }
    for array in &names {
        if !fields.iter().any(|field| field.name == *array) {
            let array = array.escape_debug();
            let path = file.display();
            return Err(Failure::unusable(format!(
                "{path}: array `{array}` has no field in region `{name}`"
            )));
        }
    }
    let wanted: Vec<_> =
        fields.iter().filter(|field| names.iter().any(|name| name == field.name)).collect();
    for field in &wanted {
        arrays.check(field)?;
    }
    Ok(wanted)
}
