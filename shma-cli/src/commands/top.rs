//! `shma top`: all regions, live.

use std::io::Write;

use serde_json::{Value, json};

use super::ls;
use crate::args::Pace;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::report;
use crate::table::Table;
use crate::traffic::{Flowing, Traffic};
use crate::ui::{Session, top::TopScreen, watch::WatchScreen};
use crate::units;
use crate::watching::Watching;

pub fn run(output: &mut Output, pace: Pace) -> Result<Outcome, Failure> {
    if output.is_terminal && !output.json {
        let mut session = Session::start()?;
        let mut top = TopScreen::new();
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
    let mut traffic = Traffic::default();
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
    let of = |Flowing { sight, rates }: &Flowing| {
        let mut region = report::region(&sight.view, &sight.attached, &sight.statuses);
        region["updates_per_second"] = rates.updates.into();
        region["bytes_per_second"] = rates.bytes.into();
        region["contended_per_second"] = rates.contended.into();
        region
    };
    let unusable = traffic.unusable.iter().map(|(name, why)| json!({ "name": name, "error": why }));
    let regions: Vec<Value> = traffic.regions.iter().map(of).chain(unusable).collect();
    output.answer("top", json!({ "regions": regions }))?;
    Ok(())
}

fn print(output: &mut Output, traffic: &Traffic) -> Result<(), Failure> {
    let columns = ["region", "state", ">size", ">attached", ">upd/s", ">bytes/s", ">waits/s", ""];
    let mut table = Table::new(output.paint, output.width, &columns);
    for Flowing { sight, rates } in &traffic.regions {
        let condition = report::Condition::of(&sight.view, sight.attached.any);
        table.row([
            sight.view.name().to_owned(),
            sight.view.manifest().name.to_owned(),
            units::bytes(sight.view.bytes()),
            report::count(&sight.attached),
            units::rate(rates.updates),
            units::bytes(rates.bytes as u64),
            units::rate(rates.contended),
            ls::name_of(output.paint, condition),
        ]);
    }
    writeln!(output, "{table}")?;
    Ok(())
}
