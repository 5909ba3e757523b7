//! `shma get`: values.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use serde_json::json;
use shma_core::inspect::FieldView;

use crate::array::Array;
use crate::failure::{Failure, Outcome};
use crate::files::Destination;
use crate::observe::{self, select};
use crate::output::Output;
use crate::saving::Saving;
use crate::selection::Selection;
use crate::{numpy::npy, print};

/// What the values are written as, if not as JSON.
#[derive(Debug)]
pub struct Form {
    pub all: bool,
    pub csv: bool,
    pub npy: Option<PathBuf>,
}

pub fn run(output: &mut Output, name: &str, what: &str, form: &Form) -> Result<Outcome, Failure> {
    let view = observe::look(name)?;
    let (field, selection) = select(&view, what)?;
    let saving = form.npy.as_ref().map(|path| Saving::open(path, output)).transpose()?;
    let array = Array::read(&field, &selection)?;
    if let Some(saving) = saving {
        let write = |to: &Destination| {
            let mut to = BufWriter::new(to.file());
            npy::write(&mut to, array.scalar, &array.shape, &array.bytes)?;
            to.flush()
        };
        saving.write(write, output)?;
    } else if output.json {
        answer(output, name, &field, &selection, &array)?;
    } else if form.csv {
        print::csv(output, &array)?;
    } else {
        let form = print::Form { all: form.all, width: output.width };
        print::text(output, &array, form)?;
    }
    Ok(Outcome::Done)
}

/// The values go out as they are printed: as objects in memory they would take many times their
/// bytes.
fn answer(
    output: &mut Output,
    name: &str,
    field: &FieldView,
    selection: &Selection,
    array: &Array<'_>,
) -> Result<(), Failure> {
    let head = json!({
        "schema": 1,
        "command": "get",
        "region": name,
        "field": field.manifest().name,
        "path": selection.path,
        "scalar": array.scalar.to_string(),
        "shape": array.shape,
        "version": array.version,
    });
    let head = head.to_string();
    let open = head.strip_suffix('}').unwrap_or(&head);
    write!(output, "{open},\"values\":")?;
    print::json(output, array)?;
    writeln!(output, "}}")?;
    Ok(())
}
