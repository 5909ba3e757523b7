//! What a question is: its cases, its processes, and what it measures.

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

impl Measure {
    pub fn is_time(&self) -> bool {
        self.unit == "ns"
    }

    pub fn is_rate(&self) -> bool {
        self.unit == "1/s"
    }
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
    pub processes: fn(u64) -> usize,
    /// Whether it takes a program in which the library counts.
    pub counts: bool,
    /// Measures one case, in one of its processes.
    pub measure: fn(&Worker) -> Result<()>,
}

/// What questions about the time of a call measure.
pub const TIME: &[Measure] = &[Measure { name: "time", unit: "ns", about: "of a call" }];
