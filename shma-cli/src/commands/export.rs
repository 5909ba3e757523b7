//! `shma export`: all fields, for numpy.

use std::io::Write;
use std::path::Path;

use serde_json::json;
use shma_core::Error;
use shma_core::inspect::View;

use crate::failure::{Failure, Outcome};
use crate::npz;
use crate::output::Output;

pub fn run(
    output: &mut Output,
    name: &str,
    file: &Path,
    by_field: bool,
) -> Result<Outcome, Failure> {
    let view = View::open(name)?;
    let values = if by_field {
        view.fields().map(|field| field.read()).collect::<Result<Vec<_>, _>>()?
    } else {
        view.snapshot().map_err(advise)?
    };
    npz::write(file, view.manifest(), &values)?;
    let fields = view.manifest().fields;
    if output.json {
        let arrays = fields.iter().zip(&values).map(
            |(field, value)| json!({ "name": field.name, "version": u64::from(value.version()) }),
        );
        let arrays: Vec<_> = arrays.collect();
        let file = file.display().to_string();
        output.answer("export", json!({ "region": name, "file": file, "arrays": arrays }))?;
    } else {
        writeln!(output, "{} arrays to {}", fields.len(), file.display())?;
    }
    Ok(Outcome::Done)
}

fn advise(error: Error) -> Failure {
    match error {
        Error::Contended { .. } => Failure::in_use(format!(
            "{error}; with --by-field each field is taken by itself, and not all at one instant"
        )),
        error => error.into(),
    }
}
