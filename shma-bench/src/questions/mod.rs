//! What is measured, a file for each question.

mod adding;
mod alone;
mod apart;
mod attach;
mod beside;
mod closure;
mod elementwise;
mod latency;
mod memory;
mod parts;
mod pipeline;
mod publish;
mod read;
mod retries;
mod snapshot;
mod together;
mod transaction;
mod write;

use anyhow::Result;

use crate::effort::Effort;
use crate::worker::Worker;

/// What the cases of a question differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// The size of the value, in bytes.
    Bytes,
    /// How many processes take part.
    Processes,
}

/// What is told about each peer.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    pub name: &'static str,
    pub unit: &'static str,
    pub about: &'static str,
}

/// A question.
#[derive(Debug)]
pub struct Question {
    /// As `--only` has it.
    pub name: &'static str,
    /// A sentence.
    pub about: &'static str,
    pub axis: Axis,
    pub measures: &'static [Measure],
    pub cases: fn(Effort) -> Vec<u64>,
    /// How many processes one case takes.
    pub crew: fn(u64) -> usize,
    /// Whether it takes a program in which the library counts.
    pub counts: bool,
    /// Measures one case, in one process of its crew.
    pub measure: fn(&Worker) -> Result<()>,
}

/// All of them, in the order in which they are asked.
pub static ALL: &[Question] = &[
    read::QUESTION,
    write::QUESTION,
    elementwise::QUESTION,
    closure::QUESTION,
    beside::BUSY,
    beside::QUARTER,
    retries::QUESTION,
    adding::QUESTION,
    apart::QUESTION,
    latency::SPINNING,
    latency::ASLEEP,
    publish::QUESTION,
    parts::QUESTION,
    snapshot::QUESTION,
    transaction::QUESTION,
    pipeline::QUESTION,
    attach::QUESTION,
    memory::QUESTION,
];

/// The one of this name.
pub fn find(name: &str) -> Option<&'static Question> {
    ALL.iter().find(|question| question.name == name)
}

/// Of questions about the time of a call.
const TIME: &[Measure] = &[Measure { name: "time", unit: "ns", about: "of a call" }];
