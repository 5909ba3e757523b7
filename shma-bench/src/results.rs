//! What the workers have told, question by question.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::question::{Axis, Question};
use crate::said::Said;
use crate::statistics::Summary;

/// One line of a curve.
type Key = (String, String, u64);

/// The answers to one question.
pub struct Answers {
    pub question: &'static Question,
    pub cases: Vec<u64>,
    /// By peer, measure, and case; in the order of the rounds.
    values: BTreeMap<Key, Vec<f64>>,
    /// Why a peer cannot do a case.
    unable: BTreeMap<(String, u64), String>,
    /// Nanoseconds of a cache line from core to core before a case of several processes.
    pub lines: BTreeMap<u64, f64>,
}

/// What is written down of one point of a curve.
#[derive(Serialize)]
struct Point<'a> {
    peer: &'a str,
    measure: &'a str,
    case: u64,
    #[serde(flatten)]
    summary: Summary,
    values: &'a [f64],
}

impl Answers {
    pub fn new(question: &'static Question, cases: Vec<u64>) -> Self {
        Self {
            question,
            cases,
            values: BTreeMap::new(),
            unable: BTreeMap::new(),
            lines: BTreeMap::new(),
        }
    }

    /// Notes what a worker has told about a case.
    pub fn note(&mut self, case: u64, said: Said) {
        match said {
            Said::Value { peer, measure, value } => {
                self.values.entry((peer, measure, case)).or_default().push(value);
            }
            Said::Unable { peer, reason } => {
                self.unable.entry((peer, case)).or_insert(reason);
            }
            Said::Step { .. } => {}
        }
    }

    /// What is known of one point.
    pub fn summary(&self, peer: &str, measure: &str, case: u64) -> Option<Summary> {
        let values = self.values.get(&(peer.to_owned(), measure.to_owned(), case))?;
        Some(Summary::of(values))
    }

    /// The middle of one point.
    pub fn median(&self, peer: &str, measure: &str, case: u64) -> Option<f64> {
        self.summary(peer, measure, case).map(|summary| summary.median)
    }

    /// The reasons of a peer, each with the cases that it is for.
    pub fn reasons(&self, peer: &str) -> Vec<(&str, Vec<u64>)> {
        let mut reasons: Vec<(&str, Vec<u64>)> = Vec::new();
        for ((_, case), reason) in self.unable.iter().filter(|((name, _), _)| name == peer) {
            match reasons.iter_mut().find(|(known, _)| known == reason) {
                Some((_, cases)) => cases.push(*case),
                None => reasons.push((reason, vec![*case])),
            }
        }
        reasons
    }

    /// Whether a peer has any value.
    pub fn has(&self, peer: &str) -> bool {
        self.values.keys().any(|(name, ..)| name == peer)
    }

    /// All of it.
    pub fn json(&self) -> serde_json::Value {
        let points = self.values.iter().map(|((peer, measure, case), values)| {
            let summary = Summary::of(values);
            Point { peer, measure, case: *case, summary, values }
        });
        let unable = self.unable.iter().map(|((peer, case), reason)| {
            serde_json::json!({ "peer": peer, "case": case, "reason": reason })
        });
        let measures = self.question.measures.iter().map(|measure| {
            serde_json::json!({ "name": measure.name, "unit": measure.unit, "about": measure.about })
        });
        serde_json::json!({
            "question": self.question.name,
            "about": self.question.about,
            "case_is": match self.question.axis {
                Axis::Bytes => "bytes",
                Axis::Processes => "processes",
            },
            "measures": measures.collect::<Vec<_>>(),
            "points": points.collect::<Vec<_>>(),
            "unable": unable.collect::<Vec<_>>(),
            "line_ns": self.lines,
        })
    }
}
