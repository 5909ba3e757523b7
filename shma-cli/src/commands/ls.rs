//! `shma ls`: every region on a line.

use std::io::Write;

use crate::failure::{Failure, Outcome};
use crate::observe::{self, Sight};
use crate::output::{Output, Paint};
use crate::report::{self, Condition};
use crate::table::Table;
use crate::units;
use serde_json::{Value, json};

pub fn run(output: &mut Output) -> Result<Outcome, Failure> {
    let all = observe::all()?;
    if output.json {
        let regions: Vec<Value> = all.iter().map(|(name, sight)| of(name, sight)).collect();
        output.answer("ls", json!({ "regions": regions }))?;
        return Ok(Outcome::Done);
    }
    let columns = ["region", "state", ">size", ">fields", ">attached", ">newest", "lifetime", ""];
    let mut table = Table::new(output.paint, output.width, &columns);
    let mut unusable = Vec::new();
    for (name, sight) in &all {
        match sight {
            Ok(sight) => table.row(row(output.paint, sight)),
            Err(failure) => unusable.push((name, failure)),
        }
    }
    if all.len() > unusable.len() {
        write!(output, "{table}")?;
    }
    for (name, failure) in &unusable {
        let name = output.paint.red(name.as_str());
        writeln!(output, "{name}: {failure}")?;
    }
    Ok(Outcome::Done)
}

/// A region, or why it cannot be looked at.
pub fn of(name: &str, sight: &Result<Sight, Failure>) -> Value {
    match sight {
        Ok(Sight { view, attached, statuses }) => report::region(view, attached, statuses),
        Err(failure) => report::unusable(name, failure),
    }
}

fn row(paint: Paint, Sight { view, attached, statuses }: &Sight) -> Vec<String> {
    let condition = Condition::of(view, attached.any);
    let newest = report::newest(statuses).map_or("-".into(), units::age);
    vec![
        view.name().to_owned(),
        view.manifest().name.to_owned(),
        units::bytes(view.bytes()),
        view.manifest().fields.len().to_string(),
        report::count(attached),
        newest,
        report::lifetime(view).to_owned(),
        name_of(paint, condition),
    ]
}

/// A condition in its colour.
pub fn name_of(paint: Paint, condition: Condition) -> String {
    match condition {
        Condition::Alive => paint.green(condition.name()),
        Condition::Idle => paint.dim(condition.name()),
        Condition::Dead => paint.red(condition.name()),
    }
}
