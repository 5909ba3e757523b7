//! `shma set`: one value, from a shell.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use shma_core::inspect::View;
use shma_core::untyped::{self, State, Wait};
use shma_core::{ElementType, Version};

use crate::directory;
use crate::encode::Target;
use crate::failure::{Failure, Outcome};
use crate::numpy::npy;
use crate::observe::{self, select};
use crate::output::Output;

/// What is written, and when.
#[derive(Debug)]
pub struct Change {
    pub value: Option<String>,
    pub npy: Option<PathBuf>,
    pub if_version: Option<u64>,
    pub timeout: Duration,
}

pub fn run(
    output: &mut Output,
    name: &str,
    path: &str,
    change: &Change,
) -> Result<Outcome, Failure> {
    let view = observe::look(name)?;
    is_in_use(&view)?;
    let (field, selection) = select(&view, path)?;
    let (manifest, path) = (field.manifest(), &selection.path);
    let (scalar, shape) = (selection.scalar(manifest.ty), selection.shape());
    if selection.count() == 0 {
        return Err(Failure::usage(format!("`{path}` selects nothing")));
    }
    if manifest.atomic && change.if_version.is_some() {
        let message = format!("`{path}` is atomic: its version cannot be held still meanwhile");
        return Err(Failure::usage(message));
    }
    let value = match (&change.value, &change.npy) {
        (_, Some(file)) => array(file, scalar, &shape)?,
        (Some(text), None) => Target { path, scalar, shape: &shape }.encode(&text_of(text)?)?,
        (None, None) => return Err(Failure::usage("there is no value: write one, or --npy FILE")),
    };
    let state = untyped::options().dir(directory::path()).keep_dead(true).open(name, None)?;
    if state.manifest().fingerprint() != view.manifest().fingerprint() {
        return Err(Failure::unusable(format!(
            "region `{name}` was made anew with another layout"
        )));
    }
    let parts = selection.parts(&value);
    let version = write(&state, manifest.name, path, &parts, change)?;
    let version = u64::from(version);
    if output.json {
        let field = manifest.name;
        let answer = json!({ "region": name, "field": field, "path": path, "version": version });
        output.answer("set", answer)?;
    } else {
        writeln!(output, "{path} of region {name}: version {version}")?;
    }
    Ok(Outcome::Done)
}

/// Writes the parts as one publication, of an atomic field each number by itself.
fn write(
    state: &State,
    field: &str,
    path: &str,
    parts: &[(usize, &[u8])],
    change: &Change,
) -> Result<Version, Failure> {
    let (field, wait) = (state.field(field)?, Wait::AtMost(change.timeout));
    if field.is_atomic() {
        let mut version = field.version();
        for (first, part) in parts {
            version = field.write_part(*first, part, wait)?;
        }
        return Ok(version);
    }
    let held = field.hold(wait)?;
    let (name, version) = (state.name(), u64::from(held.version()));
    if let Some(expected) = change.if_version.filter(|expected| *expected != version) {
        return Err(Failure::in_use(format!(
            "`{path}` of region `{name}` is at version {version}, not {expected}: it is unchanged"
        )));
    }
    Ok(held.publish_parts(parts)?)
}

/// A value that no process will see is not written.
fn is_in_use(view: &View) -> Result<(), Failure> {
    if view.is_persistent() || view.is_attached()? {
        return Ok(());
    }
    let (name, command) = (view.name(), directory::command());
    let argument = directory::argument(name);
    Err(Failure::unusable(format!(
        "region `{name}` is dead: no process is attached, and the next that creates it begins anew; \
         start its program first, or remove it with `{command} clean {argument}`"
    )))
}

/// What stands on the command line, or on standard input for `-`.
fn text_of(value: &str) -> Result<String, Failure> {
    if value != "-" {
        return Ok(value.to_owned());
    }
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text).map_err(|error| input(&error))?;
    Ok(text)
}

fn input(error: &io::Error) -> Failure {
    Failure::file(Path::new("standard input"), error)
}

/// An array of numpy that has exactly this type.
fn array(file: &Path, scalar: &ElementType<'_>, shape: &[usize]) -> Result<Vec<u8>, Failure> {
    if file == Path::new("-") {
        return read(&mut io::stdin().lock(), scalar, shape).map_err(|error| input(&error));
    }
    let read = |opened: File| read(&mut BufReader::new(opened), scalar, shape);
    File::open(file).and_then(read).map_err(|error| Failure::file(file, &error))
}

fn read(from: &mut impl Read, ty: &ElementType<'_>, shape: &[usize]) -> io::Result<Vec<u8>> {
    if let Some((len, outer)) = shape.split_last() {
        return read(from, &ElementType::Array { of: ty, len: *len }, outer);
    }
    let bytes = npy::Header::read(from)?.fit(ty)?.read(from)?;
    match from.read(&mut [0])? {
        0 => Ok(bytes),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "has more bytes than its header says")),
    }
}
