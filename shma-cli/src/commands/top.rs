//! `shma top`: all regions, live.

use std::io::Write;

use serde_json::{Value, json};
use shma_core::inspect::Status;

use crate::args::Pace;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::report;
use crate::table::{Cell, Column, Table, Tone};
use crate::traffic::{Flowing, Traffic};
use crate::ui::{Session, top::TopScreen, watch::WatchScreen};
use crate::units;
use crate::watching::{Glance, Watching};

pub fn run(output: &mut Output, paths: &[String], pace: Pace) -> Result<Outcome, Failure> {
    if output.is_terminal && !output.json {
        let mut session = Session::start()?;
        let mut top = TopScreen::new(paths);
        while let Some(name) = session.show(&mut top, pace)? {
            // It may have gone meanwhile, and then the list says so.
            if let Ok(watching) = Watching::new(&name, &[]) {
                let pace = Pace { count: None, ..pace };
                session.show(&mut WatchScreen::new(watching), pace)?;
            }
        }
        return Ok(Outcome::Done);
    }
    let most = pace.count.or((!output.is_terminal).then_some(1));
    let mut traffic = Traffic::new(paths, output.json);
    traffic.look()?;
    let mut looks = 0;
    while most.is_none_or(|most| looks < most) {
        // Rates need two looks.
        std::thread::sleep(pace.interval);
        traffic.look()?;
        if output.json {
            answer(output, &traffic)?
        } else {
            print(output, &traffic)?
        }
        output.flush()?;
        looks += 1;
    }
    Ok(Outcome::Done)
}

fn answer(output: &mut Output, traffic: &Traffic) -> Result<(), Failure> {
    let of = |Flowing { answer, rates, glances, .. }: &Flowing| {
        let mut region = answer.clone().unwrap_or_default();
        region["updates_per_second"] = rates.updates.into();
        region["bytes_per_second"] = rates.bytes.into();
        region["contended_per_second"] = rates.contended.into();
        let paths = traffic.paths.iter().zip(glances).map(|(path, glance)| {
            let statistics = glance.as_ref().and_then(|glance| glance.statistics);
            json!({ "path": path, "statistics": report::statistics(statistics) })
        });
        region["paths"] = paths.collect();
        region
    };
    let unusable = traffic.unusable.iter().map(|(name, why)| json!({ "name": name, "error": why }));
    let regions: Vec<Value> = traffic.regions.iter().map(of).chain(unusable).collect();
    output.answer("top", json!({ "regions": regions }))?;
    Ok(())
}

fn print(output: &mut Output, traffic: &Traffic) -> Result<(), Failure> {
    output.table(&table(traffic))?;
    writeln!(output)?;
    Ok(())
}

/// The table of all regions, as the screen has it too.
pub fn table(Traffic { regions, paths, .. }: &Traffic) -> Table {
    let columns = [
        Column::left("region", 0),
        Column::left("state", 8).shrinks_to(8),
        Column::right("size", 5),
        Column::right("attached", 2),
        Column::right("upd/s", 1),
        Column::right("bytes/s", 3),
        Column::right("waits/s", 6),
        Column::right("newest", 7),
        Column::left("held", 4),
        Column::left("condition", 1),
    ];
    // What was asked for goes last where there is no room.
    let asked = paths.iter().map(|path| Column::right(path, 1));
    let mut table = Table::new(columns.into_iter().chain(asked));
    for region in regions {
        let Flowing { attached, statuses, rates, .. } = region;
        let row = [
            region.name.as_str().into(),
            region.state.as_str().into(),
            units::bytes(region.bytes).into(),
            report::count(attached).into(),
            units::rate(rates.updates).into(),
            units::bytes(rates.bytes as u64).into(),
            units::rate(rates.contended).into(),
            report::newest(statuses).map_or("-".into(), units::age).into(),
            held(statuses),
            region.condition.cell(),
        ];
        table.row(row.into_iter().chain(region.glances.iter().map(glance)));
    }
    table
}

/// A number as it is, of several numbers the mean.
fn glance(glance: &Option<Glance>) -> Cell {
    let Some(Glance { single, statistics: Some(statistics) }) = glance else {
        return Cell::new("-", Tone::Quiet);
    };
    single.clone().unwrap_or_else(|| units::short(statistics.mean)).into()
}

/// How many semaphores are held, and how many of them by processes that are dead.
fn held(statuses: &[Status]) -> Cell {
    let holders = statuses.iter().filter_map(|status| status.holder);
    let (dead, living): (Vec<_>, Vec<_>) = holders.partition(|holder| holder.dead);
    match (dead.len(), living.len()) {
        (0, 0) => Cell::new("-", Tone::Quiet),
        (0, living) => Cell::new(living.to_string(), Tone::Notable),
        (dead, 0) => Cell::new(format!("{dead} dead"), Tone::Bad),
        (dead, living) => Cell::new(format!("{living}, {dead} dead"), Tone::Bad),
    }
}
