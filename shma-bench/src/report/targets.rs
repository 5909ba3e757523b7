//! The ratios that the library is to reach, and those that it has reached in this run.

use comfy_table::{Table, presets};
use serde::Serialize;

use super::{Report, quantity};
use crate::peers::{FUTEX, LOOP, MEMCPY, MUTEX_IN_PLACE, MUTEX_PAIR, SHMA, SHMA_RACY};
use crate::questions::several;
use crate::sizes::{ALL, IN_PLACE, LARGEST};

/// The sizes that targets are given for. The last one is also for all larger sizes.
const SIZES: [u64; 5] = [ALL[0], ALL[3], ALL[5], ALL[7], ALL[9]];

/// What is compared, with what, and what is to come out for each of [`SIZES`].
struct Row {
    question: &'static str,
    operation: &'static str,
    /// The first is for 64 B, the second for the others.
    references: [&'static str; 2],
    targets: [f64; 5],
}

const ROWS: [Row; 5] = [
    Row {
        question: "read",
        operation: "read_into",
        references: [MEMCPY, MEMCPY],
        targets: [3.0, 1.1, 1.05, 1.0, 0.9],
    },
    Row {
        question: "write",
        operation: "write",
        references: [MUTEX_PAIR, MEMCPY],
        targets: [1.2, 1.5, 1.1, 1.05, 1.0],
    },
    Row {
        question: "writer",
        operation: "Writer::write",
        references: [MEMCPY, MEMCPY],
        targets: [3.0, 1.5, 1.1, 1.05, 1.0],
    },
    Row {
        question: "elementwise",
        operation: "update_with",
        references: [MUTEX_PAIR, LOOP],
        targets: [1.3, 2.0, 1.7, 1.25, 1.0],
    },
    Row {
        question: "closure",
        operation: "update",
        references: [MUTEX_PAIR, LOOP],
        targets: [1.3, 2.5, 2.5, 3.0, 3.0],
    },
];

/// One target.
#[derive(Debug, Serialize)]
pub struct Target {
    pub what: String,
    /// Whether it is an upper bound; else it is a lower one.
    pub at_most: bool,
    pub target: f64,
    pub measured: f64,
    pub reached: bool,
}

impl Target {
    fn at_most(what: String, target: f64, measured: Option<f64>) -> Option<Self> {
        let measured = measured?;
        Some(Self { what, at_most: true, target, measured, reached: measured <= target })
    }

    fn at_least(what: String, target: f64, measured: Option<f64>) -> Option<Self> {
        let measured = measured?;
        Some(Self { what, at_most: false, target, measured, reached: measured >= target })
    }
}

/// Those that this run can tell about.
pub fn targets(report: &Report) -> Vec<Target> {
    let mut targets = Vec::new();
    targets.extend(calls(report));
    targets.extend(in_place(report));
    targets.extend(several(report));
    targets.extend(beside(report));
    targets.extend(others(report));
    targets
}

/// A median, if it was measured.
fn median(report: &Report, question: &str, peer: &str, measure: &str, case: u64) -> Option<f64> {
    report.answers(question)?.median(peer, measure, case)
}

fn ratio(above: Option<f64>, below: Option<f64>) -> Option<f64> {
    Some(above? / below?)
}

/// Calls of one process alone.
fn calls(report: &Report) -> Vec<Target> {
    let mut targets = Vec::new();
    for Row { question, operation, references, targets: wanted } in &ROWS {
        for (index, size) in ALL.into_iter().enumerate() {
            let Some(at) = SIZES.iter().rposition(|known| *known <= size) else { continue };
            // Between the sizes of the targets nothing is said.
            if SIZES[at] != size && at + 1 < SIZES.len() {
                continue;
            }
            let reference = references[usize::from(index > 0)];
            let time = |peer| median(report, question, peer, "time", size);
            let what = format!("{operation} / {reference}, {}", quantity::bytes(size));
            targets.extend(Target::at_most(what, wanted[at], ratio(time(SHMA), time(reference))));
        }
    }
    targets
}

/// Additions without a semaphore.
fn in_place(report: &Report) -> Vec<Target> {
    let target = |size| {
        let time = |peer| median(report, "hogwild", peer, "time", size);
        let what = format!("add_racy / {LOOP} in place, {}", quantity::bytes(size));
        Target::at_most(what, 1.3, ratio(time(SHMA_RACY), time(LOOP)))
    };
    IN_PLACE.into_iter().filter_map(target).collect()
}

/// Several fields as one.
fn several(report: &Report) -> Vec<Target> {
    let time = |measure| median(report, several::QUESTION.name, SHMA, measure, ALL[0]);
    let target = |what: &str, most, above, below| {
        Target::at_most(what.to_owned(), most, ratio(time(above), time(below)))
    };
    [
        target(
            "transaction of two fields of 64 B / update",
            3.0,
            several::TRANSACTION,
            several::UPDATE,
        ),
        target(
            "snapshot of eight fields of 64 B / their reads",
            1.5,
            several::SNAPSHOT,
            several::READS,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A reader and a writer.
fn beside(report: &Report) -> Vec<Target> {
    let mut targets = Vec::new();
    for size in ALL.into_iter().filter(|size| *size <= ALL[7]) {
        let bytes = quantity::bytes(size);
        let retries = median(report, "retries", SHMA, "retries", size);
        let what = format!("retries per read beside a busy writer, {bytes}");
        targets.extend(Target::at_most(what, 0.02, retries));
        let kept = |peer| {
            let rate = |measure| median(report, "beside-busy", peer, measure, size);
            ratio(rate("writes"), rate("writes alone"))
        };
        let what = format!("what a reader leaves of the writer / the same for {MEMCPY}, {bytes}");
        targets.extend(Target::at_least(what, 0.8, ratio(kept(SHMA), kept(MEMCPY))));
    }
    targets
}

/// The rest.
fn others(report: &Report) -> Vec<Target> {
    let adding = |peer, measure| median(report, "adding", peer, measure, 2);
    // The largest of a short run is not that of a whole one.
    let largest = |question| report.answers(question).and_then(|it| it.cases.last().copied());
    let (part, pages) = (largest("parts").unwrap_or(LARGEST), largest("attach").unwrap_or(LARGEST));
    let kept = |peer| median(report, "writer", peer, "time", ALL[0]);
    let latency = |question, peer| median(report, question, peer, "time", 2);
    let extra = latency("latency-spinning", SHMA)
        .zip(latency("latency-spinning", FUTEX))
        .map(|(ours, bare)| ours - bare);
    [
        Target::at_most(
            "Writer::write / iceoryx2, 64 B".to_owned(),
            1.0,
            ratio(kept(SHMA), kept("iceoryx2")),
        ),
        Target::at_least(
            format!("two processes adding / {MUTEX_IN_PLACE}"),
            0.8,
            ratio(adding(SHMA, "calls"), adding(MUTEX_IN_PLACE, "calls")),
        ),
        Target::at_least(
            "the lesser of two processes that add, of all calls".to_owned(),
            1.0 / 3.0,
            adding(SHMA, "least share").map(|share| share / 2.0),
        ),
        Target::at_most(
            format!("update_range of 64 B in {} / in 64 KiB", quantity::bytes(part)),
            1.1,
            ratio(
                median(report, "parts", SHMA, "time", part),
                median(report, "parts", SHMA, "time", ALL[5]),
            ),
        ),
        Target::at_most(
            format!("wait_newer, asleep / {FUTEX}"),
            1.1,
            ratio(latency("latency-asleep", SHMA), latency("latency-asleep", FUTEX)),
        ),
        Target::at_most(
            "ns to know while spinning, more than a bare word".to_owned(),
            300.0,
            extra,
        ),
        Target::at_most(
            format!("pages touched by opening {} / by opening 64 B", quantity::bytes(pages)),
            1.1,
            ratio(
                median(report, "attach", SHMA, "faults", pages),
                median(report, "attach", SHMA, "faults", ALL[0]),
            ),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// As a table, if there is anything to tell.
pub fn table(report: &Report) -> Option<String> {
    let targets = targets(report);
    if targets.is_empty() {
        return None;
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["what", "target", "measured", "reached"]);
    for target in targets {
        table.add_row(cells(&target));
    }
    Some(table.to_string())
}

/// The cells of a target's row.
pub fn cells(target: &Target) -> [String; 4] {
    let bound = if target.at_most { "≤" } else { "≥" };
    [
        target.what.clone(),
        format!("{bound} {}", quantity::digits(target.target)),
        quantity::digits(target.measured),
        if target.reached { "yes" } else { "no" }.to_owned(),
    ]
}

/// For the file with everything.
pub fn json(report: &Report) -> serde_json::Value {
    serde_json::json!(targets(report))
}
