//! What the README shows: the targets, and one row for each peer.

use comfy_table::{CellAlignment, Table, presets};

use super::{Report, quantity, targets};
use crate::peers;
use crate::sizes::ALL;

/// A column: a question, a measure with its unit, and a case.
struct Column {
    head: &'static str,
    question: &'static str,
    measure: &'static str,
    unit: &'static str,
    case: u64,
}

const fn time(head: &'static str, question: &'static str, case: u64) -> Column {
    Column { head, question, measure: "time", unit: "ns", case }
}

const COLUMNS: [Column; 9] = [
    time("read 64 B", "read", ALL[0]),
    time("read 1 MiB", "read", ALL[7]),
    time("replace 64 B", "write", ALL[0]),
    time("replace 1 MiB", "write", ALL[7]),
    time("change 64 B", "elementwise", ALL[0]),
    time("change 1 MiB", "elementwise", ALL[7]),
    time("64 B in 1 GiB", "parts", ALL[12]),
    Column {
        head: "reads of 64 KiB beside a busy writer",
        question: "beside-busy",
        measure: "reads",
        unit: "1/s",
        case: ALL[5],
    },
    Column {
        head: "2 processes adding",
        question: "adding",
        measure: "calls",
        unit: "1/s",
        case: 2,
    },
];

/// The section.
pub fn section(report: &Report) -> String {
    let mut text = format!("Measured on {}.\n", report.machine.sentence());
    for complaint in report.complaints() {
        text += &format!("The machine was noisy: {complaint}.\n");
    }
    text += &format!("\n{}\n", compared(report));
    let targets = targets::targets(report);
    if !targets.is_empty() {
        let mut table = Table::new();
        table.load_preset(presets::ASCII_MARKDOWN);
        table.set_header(["ratio within this run", "target", "measured", "reached"]);
        targets.iter().for_each(|target| _ = table.add_row(targets::cells(target)));
        text += &format!("\n{table}\n");
    }
    text
}

fn compared(report: &Report) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(std::iter::once("").chain(COLUMNS.iter().map(|column| column.head)));
    for peer in peers::all() {
        let cells = COLUMNS.iter().map(|Column { question, measure, unit, case, .. }| {
            let answers = report.answers(question)?;
            Some(quantity::value(answers.median(peer.name(), measure, *case)?, unit))
        });
        let cells: Vec<Option<String>> = cells.collect();
        if cells.iter().any(Option::is_some) {
            let cells = cells.into_iter().map(|cell| cell.unwrap_or_else(|| "-".to_owned()));
            table.add_row(std::iter::once(peer.name().to_owned()).chain(cells));
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
