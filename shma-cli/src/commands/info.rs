//! `shma info`: a region's layout, and how each field stands.

use std::io::Write;

use serde_json::{Value, json};
use shma_core::inspect::{Attached, Census, FieldView, Process, Status, View};

use super::ls;
use crate::failure::{Failure, Outcome};
use crate::observe::Sight;
use crate::output::{Output, Paint};
use crate::report::{self, Condition};
use crate::table::Table;
use crate::units;

pub fn run(output: &mut Output, name: &str) -> Result<Outcome, Failure> {
    let sight = Sight::of(name, &Census::take())?;
    let Sight { view, attached, statuses } = &sight;
    if output.json {
        let mut region = report::region(view, attached, statuses);
        region["manifest"] = manifest(view);
        output.answer("info", json!({ "region": region }))?;
        return Ok(Outcome::Done);
    }
    head(output, view, attached)?;
    let columns = [
        "field",
        "type",
        ">bytes",
        ">slots",
        ">version",
        ">age",
        "held by",
        ">contended",
        ">deaths",
    ];
    let mut table = Table::new(output.paint, output.width, &columns);
    for (field, status) in view.fields().zip(statuses) {
        table.row(row(output.paint, &field, status));
    }
    write!(output, "\n{table}")?;
    Ok(Outcome::Done)
}

/// The text in the region, which `shma diff` takes too.
fn manifest(view: &View) -> Value {
    serde_json::from_str(&view.manifest().to_json()).unwrap_or(Value::Null)
}

fn head(output: &mut Output, view: &View, attached: &Attached) -> std::io::Result<()> {
    let paint = output.paint;
    let condition = ls::name_of(paint, Condition::of(view, attached.any));
    let name = paint.bold(view.name());
    let state = view.manifest().name;
    writeln!(output, "{name}  {state}  {condition}, {}", report::lifetime(view))?;
    let fingerprint = view.manifest().fingerprint();
    writeln!(
        output,
        "{} in /dev/shm/shma.{}, owner {}, mode {:04o}, fingerprint {fingerprint:#034x}",
        units::bytes(view.bytes()),
        view.name(),
        view.owner(),
        view.mode()
    )?;
    let mut who = report::count(attached);
    if let Some(owners) = attached.owners.as_ref().filter(|_| attached.any) {
        who += &format!(", {} of them may write", owners.len());
    }
    writeln!(output, "attached: {who}")?;
    for Process { pid, command, writes, .. } in &attached.processes {
        let how = if *writes { "writes" } else { "reads" };
        writeln!(output, "  process {pid}  {command}  {how}")?;
    }
    Ok(())
}

fn row(paint: Paint, field: &FieldView, status: &Status) -> Vec<String> {
    let manifest = field.manifest();
    let mut ty = manifest.ty.to_string();
    for (says, word) in [(manifest.atomic, "atomic"), (manifest.timed, "timed")] {
        if says {
            ty += &format!(" {word}");
        }
    }
    let count = |count: u64| match count {
        0 => paint.dim("0"),
        count => count.to_string(),
    };
    vec![
        manifest.name.to_owned(),
        ty,
        units::bytes(manifest.size as u64),
        manifest.slots.to_string(),
        status.version.to_string(),
        status.age.map_or("-".into(), units::age),
        holder(paint, status),
        count(status.contended),
        count(status.dead_owners),
    ]
}

/// Who holds the semaphore, and at most since when: who publishes holds it, so the holder of now
/// has taken it since the latest publication.
pub fn holder(paint: Paint, status: &Status) -> String {
    let Some(holder) = status.holder else { return paint.dim("-") };
    let since = status.age.map_or(String::new(), |age| format!(", at most {}", units::age(age)));
    let text = format!("{holder}{since}");
    if holder.dead { paint.red(text) } else { paint.yellow(text) }
}
