//! `shma ls`: every region on a line.

use crate::failure::{Failure, Outcome};
use crate::observe::{self, Sight};
use crate::output::Output;
use crate::report::{self, Condition};
use crate::table::{Cell, Column, Table, Tone};
use crate::units;
use crate::{directory, whose};
use serde_json::{Value, json};

pub fn run(output: &mut Output) -> Result<Outcome, Failure> {
    if output.json {
        output.answer("ls", json!({ "regions": answers()? }))?;
        return Ok(Outcome::Done);
    }
    let mut rows = Vec::new();
    let mut unusable = Vec::new();
    observe::each(|name, sight| {
        match sight {
            Ok(sight) => {
                let condition = Condition::of(&sight.view, sight.attached.any).cell();
                rows.push((sight.view.user(), row(&sight), condition));
            }
            Err(failure) => unusable.push((name.to_owned(), failure)),
        }
        Ok(())
    })?;
    if !rows.is_empty() {
        output.table(&table(rows))?;
    } else if unusable.is_empty() {
        let place = directory::shown(directory::path());
        let whose = whose::chosen().map_or(String::new(), |user| format!(" of user {user}"));
        output.paragraph(0, &format!("no regions{whose} in {place}"), &[])?;
    }
    for (name, failure) in &unusable {
        let tone = if failure.is_of_the_looker() { Tone::Notable } else { Tone::Bad };
        output.paragraph(0, &format!("{name}: {failure}"), &[(name, tone)])?;
    }
    Ok(Outcome::Done)
}

/// Whose each region is shows where one is not this user's.
fn table(rows: Vec<(u32, [Cell; 7], Cell)>) -> Table {
    let columns = [
        Column::left("region", 0),
        Column::left("state", 4).shrinks_to(10),
        Column::right("size", 2),
        Column::right("fields", 6),
        Column::right("attached", 1),
        Column::right("newest", 3),
        Column::left("lifetime", 5),
    ];
    let all_mine = rows.iter().all(|(user, ..)| *user == whose::mine());
    let user = (!all_mine).then(|| Column::left("user", 2));
    let condition = Column::left("condition", 1);
    let mut table = Table::new(columns.into_iter().chain(user).chain([condition]));
    for (user, row, condition) in rows {
        let user = (!all_mine).then(|| Cell::from(whose::name(user)));
        table.row(row.into_iter().chain(user).chain([condition]));
    }
    table
}

/// All regions in JSON, or why one cannot be looked at.
pub fn answers() -> Result<Vec<Value>, Failure> {
    let mut regions = Vec::new();
    observe::each(|name, sight| {
        regions.push(match sight {
            Ok(Sight { view, attached, statuses }) => report::whole(&view, &attached, &statuses),
            Err(failure) => report::unusable(name, &failure),
        });
        Ok(())
    })?;
    Ok(regions)
}

fn row(Sight { view, attached, statuses }: &Sight) -> [Cell; 7] {
    let newest = report::newest(statuses).map_or("-".into(), units::age);
    [
        view.name().into(),
        view.manifest().name.to_string().into(),
        units::bytes(view.bytes()).into(),
        view.manifest().fields.len().to_string().into(),
        report::count(attached).into(),
        newest.into(),
        report::lifetime(view).into(),
    ]
}
