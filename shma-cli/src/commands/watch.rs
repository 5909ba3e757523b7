//! `shma watch`: the fields of a region, live.

use std::io::Write;

use serde_json::{Value, json};

use crate::args::Pace;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::report;
use crate::statistics::Statistics;
use crate::table::{Cell, Column, Table};
use crate::ui::{Session, watch::WatchScreen};
use crate::units;
use crate::watching::{Track, Watching};

pub fn run(
    output: &mut Output,
    name: &str,
    fields: &[String],
    pace: Pace,
) -> Result<Outcome, Failure> {
    let mut watching = Watching::new(name, fields)?;
    if output.is_terminal && !output.json {
        Session::start()?.show(&mut WatchScreen::new(watching), pace)?;
        return Ok(Outcome::Done);
    }
    let most = pace.count.or((!output.is_terminal).then_some(1));
    let mut looks = 0;
    while most.is_none_or(|most| looks < most) {
        // Rates need two looks.
        std::thread::sleep(pace.interval);
        watching.look();
        if let Some(trouble) = &watching.trouble {
            return Err(Failure::not_found(trouble.clone()));
        }
        if output.json {
            answer(output, &watching)?
        } else {
            print(output, &watching)?
        }
        output.flush()?;
        looks += 1;
    }
    Ok(Outcome::Done)
}

fn answer(output: &mut Output, watching: &Watching) -> Result<(), Failure> {
    let fields: Vec<Value> = watching.tracks.iter().map(of).collect();
    output.answer("watch", json!({ "region": watching.name, "fields": fields }))?;
    Ok(())
}

fn of(track: &Track) -> Value {
    let mut field = report::field(&track.field, &track.status);
    let selection = &track.selection;
    field["path"] = selection.path.clone().into();
    field["type"] = track.ty().into();
    field["scalar"] = selection.scalar(track.field.manifest().ty).to_string().into();
    field["shape"] = selection.shape().into();
    field["bytes"] = selection.bytes().into();
    field["per_second"] = track.per_second.into();
    field["statistics"] = report::statistics(track.statistics);
    field
}

fn print(output: &mut Output, watching: &Watching) -> Result<(), Failure> {
    let mut table = Table::new([
        Column::left("field", 0),
        Column::right("upd/s", 1),
        Column::right("age", 2),
        Column::right("min", 7),
        Column::right("mean", 5),
        Column::right("max", 8),
        Column::right("norm", 9),
        Column::right("NaN", 3),
        Column::right("inf", 4),
        Column::left("held by", 6),
    ]);
    for track in &watching.tracks {
        let number = |of: fn(&Statistics) -> String| {
            Cell::from(track.statistics.as_ref().map_or("-".into(), of))
        };
        table.row([
            track.selection.path.clone().into(),
            units::rate(track.per_second).into(),
            track.status.age.map_or("-".into(), units::age).into(),
            number(|statistics| units::short(statistics.min)),
            number(|statistics| units::short(statistics.mean)),
            number(|statistics| units::short(statistics.max)),
            number(|statistics| units::short(statistics.norm)),
            number(|statistics| statistics.nans.to_string()),
            number(|statistics| statistics.infinities.to_string()),
            super::info::holder(&track.status),
        ]);
    }
    output.table(&table)?;
    writeln!(output)?;
    Ok(())
}
