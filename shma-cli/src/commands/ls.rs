//! `shma ls`: every region on a line.

use crate::failure::{Failure, Outcome};
use crate::observe::{self, Sight};
use crate::output::Output;
use crate::report::{self, Condition};
use crate::table::{Cell, Column, Table, Tone};
use crate::units;
use serde_json::{Value, json};

pub fn run(output: &mut Output) -> Result<Outcome, Failure> {
    if output.json {
        output.answer("ls", json!({ "regions": answers()? }))?;
        return Ok(Outcome::Done);
    }
    let mut table = Table::new([
        Column::left("region", 0),
        Column::left("state", 4).shrinks_to(10),
        Column::right("size", 2),
        Column::right("fields", 6),
        Column::right("attached", 1),
        Column::right("newest", 3),
        Column::left("lifetime", 5),
        Column::left("condition", 1),
    ]);
    let mut unusable = Vec::new();
    observe::each(|name, sight| {
        match sight {
            Ok(sight) => table.row(row(&sight)),
            Err(failure) => unusable.push((name.to_owned(), failure)),
        }
        Ok(())
    })?;
    if !table.is_empty() {
        output.table(&table)?;
    }
    for (name, failure) in &unusable {
        let tone = if failure.is_of_the_looker() { Tone::Notable } else { Tone::Bad };
        output.paragraph(0, &format!("{name}: {failure}"), &[(name, tone)])?;
    }
    Ok(Outcome::Done)
}

/// All regions in JSON, or why one cannot be looked at.
pub fn answers() -> Result<Vec<Value>, Failure> {
    let mut regions = Vec::new();
    observe::each(|name, sight| {
        regions.push(match sight {
            Ok(Sight { view, attached, statuses }) => report::region(&view, &attached, &statuses),
            Err(failure) => report::unusable(name, &failure),
        });
        Ok(())
    })?;
    Ok(regions)
}

fn row(Sight { view, attached, statuses }: &Sight) -> [Cell; 8] {
    let newest = report::newest(statuses).map_or("-".into(), units::age);
    [
        view.name().into(),
        view.manifest().name.to_string().into(),
        units::bytes(view.bytes()).into(),
        view.manifest().fields.len().to_string().into(),
        report::count(attached).into(),
        newest.into(),
        report::lifetime(view).into(),
        Condition::of(view, attached.any).cell(),
    ]
}
