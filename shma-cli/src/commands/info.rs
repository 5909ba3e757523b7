//! `shma info`: a region's layout, and how each field stands.

use std::io::Write;

use serde_json::{Value, json};
use shma_core::ElementType;
use shma_core::inspect::{Attached, Census, FieldView, Process, Status, View};

use crate::directory;
use crate::failure::{Failure, Outcome};
use crate::observe::{self, Sight};
use crate::output::Output;
use crate::report::{self, Condition};
use crate::table::{Cell, Column, Table, Tone};
use crate::units;

pub fn run(output: &mut Output, name: &str, only: &[String]) -> Result<Outcome, Failure> {
    let Sight { view, attached, .. } = &Sight::of(name, &Census::take())?;
    let fields = observe::only(view, only)?;
    let statuses: Vec<Status> = fields.iter().map(FieldView::status).collect();
    if output.json {
        let mut region = report::region(view, attached, &fields, &statuses);
        region["manifest"] = manifest(view);
        region["notes"] = view.notes().map(|(key, text)| (key.to_owned(), json!(text))).collect();
        output.answer("info", json!({ "region": region }))?;
        return Ok(Outcome::Done);
    }
    head(output, view, attached)?;
    let mut table = Table::new([
        Column::left("field", 0),
        Column::left("type", 3).shrinks_to(10),
        Column::right("size", 7),
        Column::right("slots", 8),
        Column::right("version", 1),
        Column::right("age", 2),
        Column::left("held by", 4),
        Column::right("contended", 5),
        Column::right("deaths", 6),
    ]);
    for (field, status) in fields.iter().zip(&statuses) {
        table.row(row(field, status));
    }
    writeln!(output)?;
    output.table(&table)?;
    members(output, &fields)?;
    Ok(Outcome::Done)
}

/// What is in the structs, and where in the struct that it belongs to.
fn members(output: &mut Output, fields: &[FieldView]) -> Result<(), Failure> {
    let mut table = Table::new([
        Column::left("member", 0),
        Column::left("type", 2).shrinks_to(10),
        Column::right("offset", 1),
        Column::right("size", 3),
    ]);
    let mut is_empty = true;
    for field in fields.iter().map(FieldView::manifest) {
        let mut members = Vec::new();
        members_of(field.name, field.ty, &mut members);
        is_empty &= members.is_empty();
        members.into_iter().for_each(|row| table.row(row));
    }
    if !is_empty {
        writeln!(output)?;
        output.table(&table)?;
    }
    Ok(())
}

fn members_of(path: &str, ty: &ElementType<'_>, into: &mut Vec<[Cell; 4]>) {
    let ElementType::Struct { fields, .. } = ty.scalar() else { return };
    for member in *fields {
        let path = format!("{path}.{}", member.name);
        let size = units::bytes(member.ty.size() as u64);
        into.push([
            path.clone().into(),
            member.ty.to_string().into(),
            member.offset.to_string().into(),
            size.into(),
        ]);
        members_of(&path, member.ty, into);
    }
}

/// The text in the region, which `shma diff` takes too.
fn manifest(view: &View) -> Value {
    serde_json::from_str(&view.manifest().to_json()).unwrap_or(Value::Null)
}

fn head(output: &mut Output, view: &View, attached: &Attached) -> std::io::Result<()> {
    let condition = Condition::of(view, attached.any).cell();
    let (name, state, lifetime) = (view.name(), &view.manifest().name, report::lifetime(view));
    let line = format!("{name}  {state}  {}, {lifetime}", condition.text);
    output.paragraph(0, &line, &[(name, Tone::Head), (&condition.text, condition.tone)])?;
    let (size, user, mode) = (units::bytes(view.bytes()), view.user(), view.mode());
    let path = directory::shown(view.path());
    output.paragraph(0, &format!("{size} in {path}, of user {user}, mode {mode:04o}"), &[])?;
    output.paragraph(0, &format!("fingerprint {:#034x}", view.manifest().fingerprint()), &[])?;
    if view.is_unclean() {
        let word = "unclean";
        let line = format!(
            "{word}: it was in use when the machine stopped, and values may be of several moments"
        );
        output.paragraph(0, &line, &[(word, Tone::Bad)])?;
    }
    for (key, text) in view.notes() {
        // They come from the region, and may hold anything.
        let (key, text) = (key.escape_debug().to_string(), text.escape_debug());
        output.paragraph(0, &format!("note {key}: {text}"), &[(&key, Tone::Head)])?;
    }
    let mut count = report::count(attached);
    if let Some(writers) = attached.owners.as_ref().filter(|_| attached.any) {
        count += &format!(", {} of them may write", writers.len());
    }
    output.paragraph(0, &format!("attached: {count}"), &[])?;
    for Process { pid, command, writes, .. } in &attached.processes {
        let how = if *writes { "writes" } else { "reads" };
        output.paragraph(2, &format!("process {pid}  {command}  {how}"), &[])?;
    }
    Ok(())
}

fn row(field: &FieldView, status: &Status) -> [Cell; 9] {
    let manifest = field.manifest();
    let mut ty = manifest.ty.to_string();
    for (says, word) in [(manifest.atomic, "atomic"), (manifest.timed, "timed")] {
        if says {
            ty += &format!(" {word}");
        }
    }
    [
        manifest.name.to_string().into(),
        ty.into(),
        units::bytes(manifest.size as u64).into(),
        manifest.slots.to_string().into(),
        status.version.to_string().into(),
        status.age.map_or("-".into(), units::age).into(),
        holder(status),
        Cell::count(status.contended),
        Cell::count(status.dead_owners),
    ]
}

/// The process that holds the semaphore, and for how long at most. A publication is made by the
/// holder, so the holder of now has acquired it since the latest one.
pub fn holder(status: &Status) -> Cell {
    let Some(holder) = status.holder else { return Cell::new("-", Tone::Quiet) };
    let dead = if holder.dead { " (dead)" } else { "" };
    let since = status.age.map_or(String::new(), |age| format!(", at most {}", units::age(age)));
    let tone = if holder.dead { Tone::Bad } else { Tone::Notable };
    Cell::new(format!("process {}{dead}{since}", holder.pid), tone)
}
