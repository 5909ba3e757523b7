//! `shma clean`: removes what no process uses any more.

use std::io::Write;

use serde_json::json;
use shma_core::inspect::{self, Abandoned};

use super::ask;
use crate::directory;
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
    let abandoned =
        if names.is_empty() { inspect::abandoned_in(directory::path())? } else { Vec::new() };
    let nothing = dead.is_empty() && abandoned.is_empty();
    if !output.json {
        show(output, &dead, &abandoned)?;
    }
    let outcome =
        if nothing || dry_run || yes || agrees(output)? { Outcome::Done } else { Outcome::No };
    let remove = !nothing && !dry_run && outcome == Outcome::Done;
    let removed = if remove { remove_all(output, &dead, &abandoned)? } else { Vec::new() };
    if output.json {
        let names: Vec<_> = dead.iter().map(|dead| dead.name.as_str()).collect();
        let files: Vec<_> =
            abandoned.iter().map(|file| file.path().display().to_string()).collect();
        let answer = json!({ "dead": names, "abandoned": files, "removed": removed });
        output.answer("clean", answer)?;
    }
    Ok(outcome)
}

/// A dead region.
struct Dead {
    name: String,
    description: String,
}

/// Ephemeral regions of this user, all or those named, to which no process is attached.
fn dead(names: &[String]) -> Result<Vec<Dead>, Failure> {
    let me = rustix::process::geteuid().as_raw();
    let mut dead = Vec::new();
    observe::each(|name, sight| {
        let is_meant = names.is_empty() || names.iter().any(|meant| meant == name);
        let Ok(Sight { view, attached, statuses }) = sight else { return Ok(()) };
        let condition = Condition::of(&view, attached.any);
        if is_meant && condition == Condition::Dead && view.user() == me {
            let newest = crate::report::newest(&statuses).map_or("-".into(), units::age);
            let (size, state) = (units::bytes(view.bytes()), &view.manifest().name);
            let description = format!("{state}, {size}, published {newest} ago");
            dead.push(Dead { name: name.to_owned(), description });
        }
        Ok(())
    })?;
    Ok(dead)
}

fn show(output: &mut Output, dead: &[Dead], abandoned: &[Abandoned]) -> Result<(), Failure> {
    for Dead { name, description } in dead {
        output.paragraph(0, &format!("dead region {name}: {description}"), &[])?;
    }
    for file in abandoned {
        let (path, bytes) = (directory::shown(file.path()), units::bytes(file.bytes()));
        output.paragraph(0, &format!("abandoned temporary file {path}, {bytes}"), &[])?;
    }
    if dead.is_empty() && abandoned.is_empty() {
        writeln!(output, "nothing to remove")?;
    }
    Ok(())
}

fn agrees(output: &mut Output) -> Result<bool, Failure> {
    ask(output, "remove them?", "without a terminal there is no question: --yes removes them")
}

/// Removes what still is as it was shown, and returns what was removed.
fn remove_all(
    output: &mut Output,
    dead: &[Dead],
    abandoned: &[Abandoned],
) -> Result<Vec<String>, Failure> {
    let mut removed = Vec::new();
    for Dead { name, .. } in dead {
        match inspect::remove_dead_in(directory::path(), name) {
            Ok(true) => removed.push(name.clone()),
            // A process has attached in between.
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
