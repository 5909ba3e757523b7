//! `shma clean`: removes what nobody uses any more.

use std::io::Write;

use serde_json::json;
use shma_core::inspect::{self, Abandoned};

use super::ask;
use crate::failure::{Failure, Outcome};
use crate::observe::{self, Sight};
use crate::output::Output;
use crate::report::Condition;
use crate::units;

pub fn run(
    output: &mut Output,
    names: &[String],
    dry_run: bool,
    yes: bool,
) -> Result<Outcome, Failure> {
    let dead = dead(names)?;
    let abandoned = if names.is_empty() { inspect::abandoned() } else { Vec::new() };
    let nothing = dead.is_empty() && abandoned.is_empty();
    if !output.json {
        show(output, &dead, &abandoned)?;
    }
    let outcome =
        if nothing || dry_run || yes || agrees(output)? { Outcome::Done } else { Outcome::No };
    let remove = !nothing && !dry_run && outcome == Outcome::Done;
    let removed = if remove { remove_all(output, &dead, &abandoned)? } else { Vec::new() };
    if output.json {
        let names: Vec<_> = dead.iter().map(|sight| sight.view.name()).collect();
        let files: Vec<_> =
            abandoned.iter().map(|file| file.path().display().to_string()).collect();
        let answer = json!({ "dead": names, "abandoned": files, "removed": removed });
        output.answer("clean", answer)?;
    }
    Ok(outcome)
}

/// Regions of this user, all or those named, to which nobody is attached and that do not stay for
/// it.
fn dead(names: &[String]) -> Result<Vec<Sight>, Failure> {
    let me = rustix::process::geteuid().as_raw();
    let found = observe::all()?.into_iter();
    let meant = found.filter(|(name, _)| names.is_empty() || names.contains(name));
    let sights = meant.filter_map(|(_, sight)| sight.ok());
    let is_dead = |sight: &Sight| {
        let condition = Condition::of(&sight.view, sight.attached.any);
        condition == Condition::Dead && sight.view.owner() == me
    };
    Ok(sights.filter(is_dead).collect())
}

fn show(output: &mut Output, dead: &[Sight], abandoned: &[Abandoned]) -> Result<(), Failure> {
    for Sight { view, statuses, .. } in dead {
        let newest = crate::report::newest(statuses).map_or("-".into(), units::age);
        let (name, size, state) = (view.name(), units::bytes(view.bytes()), view.manifest().name);
        writeln!(output, "dead region {name}: {state}, {size}, published {newest} ago")?;
    }
    for file in abandoned {
        let bytes = units::bytes(file.bytes());
        writeln!(output, "abandoned temporary file {}, {bytes}", file.path().display())?;
    }
    if dead.is_empty() && abandoned.is_empty() {
        writeln!(output, "nothing to remove")?;
    }
    Ok(())
}

fn agrees(output: &mut Output) -> Result<bool, Failure> {
    ask(output, "remove them?", "nobody can be asked here whether to remove them: say --yes")
}

/// Removes what still is as it was shown, and returns what was removed.
fn remove_all(
    output: &mut Output,
    dead: &[Sight],
    abandoned: &[Abandoned],
) -> Result<Vec<String>, Failure> {
    let mut removed = Vec::new();
    for Sight { view, .. } in dead {
        let name = view.name();
        match inspect::remove_dead(name) {
            Ok(true) => removed.push(name.to_owned()),
            // Somebody has come in between.
            Ok(false) => tell(output, &format!("region {name} is in use again, and stays"))?,
            Err(shma_core::Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    for file in abandoned.iter().filter(|file| file.remove()) {
        removed.push(file.path().display().to_string());
    }
    tell(output, &format!("removed {}", removed.len()))?;
    Ok(removed)
}

fn tell(output: &mut Output, line: &str) -> Result<(), Failure> {
    if !output.json {
        writeln!(output, "{line}")?;
    }
    Ok(())
}
