//! `shma doctor`: what is wrong, and what to do.

mod machine;

use std::io::Write;
use std::time::Duration;

use serde_json::json;
use shma_core::inspect::{Attached, Census, SemaphoreHolder, Status, View};

use crate::directory;
use crate::failure::{Failure, Outcome};
use crate::observe::{self, Sight};
use crate::output::Output;
use crate::report::{Condition, writer};
use crate::table::Tone;
use crate::units;

/// A holder that has published nothing for as long as this may be worth a look.
const LONG: Duration = Duration::from_secs(10);

/// Something that was found.
#[derive(Debug)]
pub struct Finding {
    /// Whether it is wrong, or only worth knowing.
    is_problem: bool,
    /// The region, or what of the machine.
    subject: String,
    what: String,
    advice: String,
}

impl Finding {
    fn problem(subject: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        let (what, advice) = (what.into(), advice.into());
        Self { is_problem: true, subject: subject.to_owned(), what, advice }
    }

    fn note(subject: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { is_problem: false, ..Self::problem(subject, what, advice) }
    }
}

pub fn run(output: &mut Output, name: Option<&str>) -> Result<Outcome, Failure> {
    let mut findings = Vec::new();
    match name {
        Some(name) => {
            of_region(&mut findings, name, Sight::of(name, &Census::take()))?;
            // It touches the region here and there, which is too much to do to all of them.
            findings.extend(observe::open(name).ok().and_then(|view| of_pages(&view)));
        }
        None => {
            if std::fs::exists(directory::path()).unwrap_or(true) {
                observe::each(|name, sight| of_region(&mut findings, name, sight))?;
            }
            machine::look(&mut findings)?;
        }
    }
    findings.sort_by_key(|finding| !finding.is_problem);
    report(output, &findings)?;
    let wrong = findings.iter().any(|finding| finding.is_problem);
    Ok(if wrong { Outcome::No } else { Outcome::Done })
}

fn report(output: &mut Output, findings: &[Finding]) -> Result<(), Failure> {
    if output.json {
        let all = findings.iter().map(|finding| {
            let severity = if finding.is_problem { "problem" } else { "note" };
            let Finding { subject, what, advice, .. } = finding;
            json!({ "severity": severity, "subject": subject, "what": what, "advice": advice })
        });
        let all: Vec<_> = all.collect();
        output.answer("doctor", json!({ "findings": all }))?;
        return Ok(());
    }
    for Finding { is_problem, subject, what, advice } in findings {
        let (mark, tone) = match is_problem {
            true => ("problem", Tone::Bad),
            false => ("note", Tone::Notable),
        };
        let words = [(mark, tone), (subject.as_str(), Tone::Head)];
        output.paragraph(0, &format!("{mark}  {subject}: {what}"), &words)?;
        output.paragraph(9, advice, &[])?;
    }
    if findings.is_empty() {
        writeln!(output, "nothing is wrong")?;
    }
    Ok(())
}

/// A region that is not there is no finding if it was asked for.
fn of_region(
    findings: &mut Vec<Finding>,
    name: &str,
    sight: Result<Sight, Failure>,
) -> Result<(), Failure> {
    let path = directory::word(directory::file(name));
    let sight = match sight {
        Ok(sight) => sight,
        Err(failure) if failure.is_absence() => return Err(failure),
        Err(failure) if failure.is_of_the_looker() => {
            let advice = "this says nothing about the region: it may be alive";
            findings.push(Finding::note(name, failure.to_string(), advice));
            return Ok(());
        }
        Err(failure) => {
            let advice = format!(
                "no program with this version of the library uses it; one with another version may: `fuser -v {path}` lists processes that have it open"
            );
            findings.push(Finding::problem(name, failure.to_string(), advice));
            return Ok(());
        }
    };
    let Sight { view, attached, statuses } = &sight;
    let (command, command_of_user) = (directory::command(), directory::command_of(view.user()));
    let argument = directory::argument(name);
    if Condition::of(view, attached.any) == Condition::Dead {
        let what = format!(
            "it is dead: it is ephemeral, no process is attached, and it holds {}",
            units::bytes(view.bytes())
        );
        let advice = format!(
            "the last process ended without dropping its handle: it was killed, it called exit, or the handle is in a static; the next program that creates the region replaces it, `{command} export {argument} FILE.npz` saves its values, `{command_of_user} clean` removes it"
        );
        findings.push(Finding::problem(name, what, advice));
    }
    if view.is_unclean() {
        findings.push(Finding::problem(
            name,
            "it is unclean: it was in use when the machine stopped, so its pages are of several moments, and no program opens it",
            format!(
                "`{command} export {argument} FILE.npz` saves what there is, `{command_of_user} rm {argument}` removes it; a program that can tell good values from torn ones opens it with `accept_unclean(true)`"
            ),
        ));
    }
    if view.mode() & 0o002 != 0 {
        let what = format!("its mode is {:04o}: every user may write to its file", view.mode());
        let advice = format!("chmod o-w {path}, unless all users are meant to write");
        findings.push(Finding::note(name, what, advice));
    }
    for (field, status) in view.manifest().fields.iter().zip(statuses) {
        let subject = format!("{name}, field `{}`", field.name);
        of_field(findings, &subject, status, attached);
    }
    Ok(())
}

/// How much of a large region is in huge pages.
fn of_pages(view: &View) -> Option<Finding> {
    let huge = view.huge_bytes()?;
    let what =
        format!("{} of its {} are in huge pages", units::bytes(huge), units::bytes(view.bytes()));
    let advice = match huge {
        0 => {
            "where its creator asks for them (`huge_pages(true)`), on a tmpfs and Linux 6.1 or later, random accesses to large fields are faster"
        }
        _ => "random accesses to large fields are faster so",
    };
    Some(Finding::note(view.name(), what, advice))
}

fn of_field(findings: &mut Vec<Finding>, subject: &str, status: &Status, attached: &Attached) {
    if let Some(holder) = status.holder {
        let held = status.age.filter(|age| *age >= LONG);
        match (holder.dead, held) {
            (true, _) => findings.push(Finding::problem(
                subject,
                format!("process {} ended while it held the semaphore", holder.pid),
                "readers read the last published value, and the next writer acquires the semaphore; what the process had not published is lost",
            )),
            (false, Some(age)) => {
                findings.push(held_long(subject, &holder, age, writer(attached, holder.pid)));
            }
            (false, None) => {}
        }
    }
    if status.dead_owners > 0 {
        let times = status.dead_owners;
        findings.push(Finding::note(
            subject,
            format!("{times} times a process ended while it held the semaphore"),
            "published values are whole; if processes are killed for want of memory, the kernel log names them",
        ));
    }
}

fn held_long(
    subject: &str,
    holder: &SemaphoreHolder,
    age: Duration,
    command: Option<&str>,
) -> Finding {
    let age = units::age(age);
    let pid = holder.pid;
    let called = command.map_or_else(String::new, |command| format!(" ({command})"));
    let what =
        format!("process {pid}{called} holds the semaphore, and nothing was published for {age}");
    match command.is_some() && machine::is_stopped(pid) {
        true => Finding::problem(
            subject,
            format!("{what}; the process is stopped"),
            format!(
                "writers wait for it, readers do not: kill -CONT {pid} continues it, kill -9 {pid} lets the next writer acquire the semaphore"
            ),
        ),
        false => Finding::note(
            subject,
            what,
            "writers wait for it, readers do not; if the process hangs, kill -9 lets the next writer acquire the semaphore",
        ),
    }
}
