//! `shma export`: all fields, for numpy.

use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::json;
use shma_core::inspect::FieldView;
use shma_core::{Error, FieldManifest};

use super::checkpoint;
use crate::directory;
use crate::failure::{Failure, Outcome};
use crate::files::is_checkpoint;
use crate::numpy::{npy, npz};
use crate::observe;
use crate::output::Output;
use crate::progress::Progress;
use crate::saving::Saving;

pub fn run(
    output: &mut Output,
    name: &str,
    file: &Path,
    only: &[String],
    by_field: bool,
) -> Result<Outcome, Failure> {
    if is_checkpoint(file) {
        if by_field {
            return Err(Failure::usage("a checkpoint is one instant; leave out --by-field"));
        }
        return checkpoint::run(output, "export", name, file, only);
    }
    let view = observe::look(name)?;
    let chosen = observe::only(&view, only)?;
    let fields: Vec<&FieldManifest<'_>> = chosen.iter().map(FieldView::manifest).collect();
    // A program that asks for an .npy file would not find one in an archive.
    let as_array = file.extension().is_some_and(|extension| extension == "npy");
    if as_array && fields.len() != 1 {
        return Err(Failure::usage(format!(
            "{}: an .npy file holds one array, and these are {}; call it .npz, choose one with --only FIELD, or use `{} get {} FIELD --npy FILE`",
            file.display(),
            fields.len(),
            directory::command(),
            directory::argument(name)
        )));
    }
    let saving = Saving::open(file, output)?;
    let is_silent = saving.is_standard_output();
    let bytes = fields.iter().map(|field| field.size as u64).sum();
    let progress = Progress::start(&format!("{name} to {}", directory::shown(file)), bytes, output);
    let values = if by_field {
        chosen.iter().map(FieldView::read).collect::<Result<Vec<_>, _>>()?
    } else {
        view.snapshot_of(&chosen).map_err(advise)?
    };
    saving.write(
        |to| match (&fields[..], &values[..]) {
            ([field], [value]) if as_array => {
                let mut to = BufWriter::new(to.file());
                npy::write(&mut to, field.ty.scalar(), &field.ty.shape(), value.bytes())?;
                to.flush()
            }
            _ if to.is_stream() => {
                npz::write_stream(to.file(), fields.iter().copied().zip(&values))
            }
            _ => npz::write(to.file(), fields.iter().copied().zip(&values)),
        },
        output,
    )?;
    drop(progress);
    if is_silent {
        return Ok(Outcome::Done);
    }
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
