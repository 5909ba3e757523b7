//! `shma doctor`: what is wrong, and what to do.

mod machine;

use std::io::Write;
use std::time::Duration;

use serde_json::json;
use shma_core::inspect::{Census, SemaphoreHolder, Status};

use crate::failure::{Failure, Outcome};
use crate::observe::{self, Sight};
use crate::output::Output;
use crate::report::Condition;
use crate::units;

/// Whoever holds a semaphore as long as this has stopped, or computes under it.
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
        Some(name) => of_region(&mut findings, name, Sight::of(name, &Census::take()))?,
        None => {
            for (name, sight) in observe::all()? {
                of_region(&mut findings, &name, sight)?;
            }
            machine::look(&mut findings);
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
        let paint = output.paint;
        let mark = if *is_problem { paint.red("problem") } else { paint.yellow("note   ") };
        writeln!(output, "{mark}  {}: {what}", paint.bold(subject.as_str()))?;
        writeln!(output, "         {advice}")?;
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
    let sight = match sight {
        Ok(sight) => sight,
        Err(failure) if failure.is_absence() => return Err(failure),
        Err(failure) => {
            let advice = "it is neither used nor removed by any program of this library; if nobody needs the file, remove it with rm";
            findings.push(Finding::problem(name, failure.to_string(), advice));
            return Ok(());
        }
    };
    let Sight { view, attached, statuses } = &sight;
    if Condition::of(view, attached.any) == Condition::Dead {
        let what = "it is dead: all its processes were killed, and it keeps its memory";
        let advice = format!(
            "the next program that creates it replaces it; `shma export {name} FILE.npz` saves its values, `shma clean` removes it"
        );
        findings.push(Finding::problem(name, what, advice));
    }
    if view.mode() & 0o002 != 0 {
        let what = format!("its mode is {:04o}: every user can write any value", view.mode());
        findings.push(Finding::note(name, what, "create it with another `options().mode(..)`"));
    }
    // The number is that of the holder's own namespace, where another one may have it here.
    let writes =
        |pid| attached.processes.iter().any(|process| process.pid == pid && process.writes);
    let is_stopped = |pid| writes(pid) && machine::is_stopped(pid);
    for (field, status) in view.manifest().fields.iter().zip(statuses) {
        let subject = format!("{name}, field `{}`", field.name);
        of_field(findings, &subject, status, &is_stopped);
    }
    Ok(())
}

fn of_field(
    findings: &mut Vec<Finding>,
    subject: &str,
    status: &Status,
    is_stopped: &impl Fn(u32) -> bool,
) {
    if let Some(holder) = status.holder {
        let held = status.age.filter(|age| *age >= LONG);
        match (holder.dead, held) {
            (true, _) => findings.push(Finding::problem(
                subject,
                format!("{holder} died inside an update"),
                "nothing is lost: the next writer takes the semaphore over, and the value is the last published one",
            )),
            (false, Some(age)) => findings.push(held_long(subject, &holder, age, is_stopped)),
            (false, None) => {}
        }
    }
    if status.dead_owners > 0 {
        let times = status.dead_owners;
        findings.push(Finding::note(
            subject,
            format!("writers were killed inside an update {times} times"),
            "no value was lost; look for what kills them (the kernel log names processes that ran out of memory)",
        ));
    }
}

fn held_long(
    subject: &str,
    holder: &SemaphoreHolder,
    age: Duration,
    is_stopped: &impl Fn(u32) -> bool,
) -> Finding {
    let age = units::age(age);
    let what = format!("{holder} holds the semaphore, and nothing was published for {age}");
    match is_stopped(holder.pid) {
        true => Finding::problem(
            subject,
            format!("{what}; the process is stopped"),
            format!(
                "writers wait for it, readers do not: kill -CONT {0}, or kill -9 {0}",
                holder.pid
            ),
        ),
        false => Finding::note(
            subject,
            what,
            "writers wait for it, readers do not; if it hangs, kill -9 gives the semaphore to the next writer",
        ),
    }
}
