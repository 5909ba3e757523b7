//! A table for each measure of a question: peers by cases.

use comfy_table::{CellAlignment, Table, presets};

use super::quantity;
use crate::peers;
use crate::question::{Axis, Measure};
use crate::results::Answers;
use crate::statistics::Summary;

/// What stands where a peer is unable.
const UNABLE: &str = "-";

/// The tables of a question, and below them why peers are left out.
pub fn tables(answers: &Answers) -> String {
    let mut text = String::new();
    for measure in answers.question.measures {
        text += &format!("{}\n", table(answers, measure));
    }
    text + &line(answers) + &legend(answers)
}

/// How far apart the cores were, case by case.
fn line(answers: &Answers) -> String {
    let lines = answers.lines.iter().map(|(at, nanos)| {
        format!("{} ({})", quantity::value(*nanos, "ns"), case(answers.question.axis, *at))
    });
    match lines.collect::<Vec<_>>() {
        none if none.is_empty() => String::new(),
        some => format!(" A cache line went from core to core in {}.\n", some.join(", ")),
    }
}

fn table(answers: &Answers, measure: &Measure) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let head = format!("{}, {}", measure.name, measure.about);
    let cases = answers.cases.iter().map(|it| case(answers.question.axis, *it));
    table.set_header(std::iter::once(head).chain(cases));
    for peer in peers::all() {
        if !answers.has(peer.name()) {
            continue;
        }
        let cells = answers.cases.iter().map(|case| {
            match answers.summary(peer.name(), measure.name, *case) {
                Some(summary) => spread(&summary, measure.unit),
                None => UNABLE.to_owned(),
            }
        });
        table.add_row(std::iter::once(peer.name().to_owned()).chain(cells));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// The median, and how far the quartiles are apart.
fn spread(summary: &Summary, unit: &str) -> String {
    let median = quantity::value(summary.median, unit);
    if summary.median == 0.0 {
        median
    } else {
        format!("{median} ±{:.0} %", 100.0 * summary.spread())
    }
}

/// Which peers are unable, and why.
fn legend(answers: &Answers) -> String {
    let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
    for peer in peers::all() {
        for (reason, cases) in answers.reasons(peer.name()) {
            let all = cases.len() == answers.cases.len();
            let cases = cases.iter().map(|it| case(answers.question.axis, *it));
            let why = if all {
                reason.to_owned()
            } else {
                format!("{reason} ({})", cases.collect::<Vec<_>>().join(", "))
            };
            match lines.iter_mut().find(|(known, _)| *known == why) {
                Some((_, names)) => names.push(peer.name()),
                None => lines.push((why, vec![peer.name()])),
            }
        }
    }
    lines.iter().map(|(why, names)| format!(" {UNABLE} {}: {why}\n", names.join("; "))).collect()
}

/// How a case is called.
pub fn case(axis: Axis, case: u64) -> String {
    match (axis, case) {
        (Axis::Bytes, _) => quantity::bytes(case),
        (Axis::Processes, 1) => "1 process".to_owned(),
        (Axis::Processes, _) => format!("{case} processes"),
    }
}
