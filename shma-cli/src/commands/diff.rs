//! `shma diff`: how two layouts differ.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use shma_core::Manifest;
use shma_core::inspect::{self, View};

use crate::failure::{Failure, Outcome};
use crate::layouts::{self, Difference};
use crate::output::Output;
use crate::table::Table;

pub fn run(output: &mut Output, a: &str, b: &str) -> Result<Outcome, Failure> {
    let (one, other) = (layout(a)?, layout(b)?);
    let differences = layouts::differences(one, other);
    let outcome = if differences.is_empty() { Outcome::Done } else { Outcome::No };
    if output.json {
        let differences: Vec<Value> = differences.iter().map(of).collect();
        let same = outcome == Outcome::Done;
        output
            .answer("diff", json!({ "a": a, "b": b, "same": same, "differences": differences }))?;
    } else if differences.is_empty() {
        writeln!(output, "the layouts are the same")?;
    } else {
        let mut table = Table::new(output.paint, output.width, &["field", a, b]);
        for Difference { field, a, b } in differences {
            let field = field.unwrap_or("(declared name)").to_owned();
            table.row([field, a.unwrap_or_else(|| "-".into()), b.unwrap_or_else(|| "-".into())]);
        }
        write!(output, "{table}")?;
    }
    Ok(outcome)
}

fn of(difference: &Difference) -> Value {
    json!({ "field": difference.field, "a": difference.a, "b": difference.b })
}

/// The layout of a region, or one that was saved.
fn layout(text: &str) -> Result<&'static Manifest, Failure> {
    if !text.contains('/') && !text.ends_with(".json") {
        return Ok(View::open(text)?.manifest());
    }
    let path = Path::new(text);
    let saved = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
    let wrong = |what: String| Failure::unusable(format!("{}: {what}", path.display()));
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
