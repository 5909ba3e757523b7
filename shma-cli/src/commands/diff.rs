//! `shma diff`: how two layouts differ.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde_json::{Value, json};
use shma_core::inspect;
use shma_core::{Difference, Differing, OwnedManifest};

use crate::failure::{Failure, Outcome};
use crate::observe;
use crate::output::Output;
use crate::table::{Column, Table, Tone};

/// Longer files are not read: a manifest has at most half a megabyte, and what `shma info --json`
/// writes around it is about as long.
const LONGEST: u64 = 16 << 20;

pub fn run(output: &mut Output, a: &str, b: &str) -> Result<Outcome, Failure> {
    let (one, other) = (layout(a)?, layout(b)?);
    let differences = one.get().difference(other.get());
    let outcome = if differences.is_empty() { Outcome::Done } else { Outcome::No };
    if output.json {
        let differences: Vec<Value> = differences.iter().map(of).collect();
        let same = outcome == Outcome::Done;
        output
            .answer("diff", json!({ "a": a, "b": b, "same": same, "differences": differences }))?;
    } else if differences.is_empty() {
        writeln!(output, "the layouts are the same")?;
    } else {
        print(output, a, b, &differences)?;
    }
    Ok(outcome)
}

/// Side by side, or one below the other where that is too wide: a difference is never cut.
fn print(output: &mut Output, a: &str, b: &str, differences: &Difference) -> io::Result<()> {
    let heads = [("field", 0), (a, 1), (b, 1)];
    let mut table = Table::new(heads.map(|(head, rank)| Column::left(head, rank)));
    let field =
        |differing: &Differing| differing.field.clone().unwrap_or_else(|| "(declared name)".into());
    let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".into());
    for differing in differences.iter() {
        let Differing { first, second, .. } = differing;
        table.row([field(differing), side(first), side(second)].map(Into::into));
    }
    if table.show(usize::MAX).width <= output.width {
        return output.table(&table);
    }
    for differing in differences.iter() {
        let field = field(differing);
        output.paragraph(0, &field, &[(&field, Tone::Head)])?;
        for (name, what) in [(a, &differing.first), (b, &differing.second)] {
            output.paragraph(2, &format!("{name}: {}", side(what)), &[])?;
        }
    }
    Ok(())
}

fn of(differing: &Differing) -> Value {
    json!({ "field": differing.field, "a": differing.first, "b": differing.second })
}

/// The layout of a region, or one that was saved.
fn layout(text: &str) -> Result<OwnedManifest, Failure> {
    if !text.contains('/') && !text.ends_with(".json") {
        return Ok(observe::look(text)?.owned_manifest());
    }
    let path = Path::new(text);
    let mut saved = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut saved));
    read.map_err(|error| Failure::file(path, &error))?;
    let wrong = |what: String| Failure::unusable(format!("{}: {what}", path.display()));
    if saved.len() as u64 > LONGEST {
        return Err(wrong(format!(
            "it has more than {LONGEST} bytes, and a saved layout has fewer"
        )));
    }
    // What `shma info --json` writes has the manifest inside.
    let answer: Value = serde_json::from_slice(&saved)
        .map_err(|error| wrong(format!("it is not JSON: {error}")))?;
    let manifest = match &answer["region"]["manifest"] {
        Value::Null => saved,
        manifest => manifest.to_string().into_bytes(),
    };
    match inspect::read_manifest("saved", &manifest) {
        Err(shma_core::Error::NotARegion { reason, .. }) => Err(wrong(reason)),
        read => Ok(read?),
    }
}
