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
pub trait Question: Sync {
    /// As `--only` has it.
    fn name(&self) -> &'static str;
    /// A sentence.
    fn about(&self) -> &'static str;
    fn axis(&self) -> Axis;
    fn measures(&self) -> &'static [Measure];
    fn cases(&self, effort: Effort) -> Vec<u64>;
    /// How many processes one case takes.
    fn crew(&self, _case: u64) -> usize {
        1
    }
    /// Whether it takes a program in which the library counts.
    fn counts(&self) -> bool {
        false
    }
    /// Measures one case, in one process of its crew.
    fn measure(&self, worker: &Worker) -> Result<()>;
}

/// All of them, in the order in which they are asked.
pub fn all() -> Vec<&'static dyn Question> {
    vec![
        &read::Read,
        &write::Write,
        &elementwise::Elementwise,
        &closure::Closure,
        &beside::BUSY,
        &beside::QUARTER,
        &retries::Retries,
        &adding::Adding,
        &apart::Apart,
        &latency::SPINNING,
        &latency::ASLEEP,
        &publish::Publish,
        &parts::Parts,
        &snapshot::Snapshot,
        &transaction::Transaction,
        &pipeline::Pipeline,
        &attach::Attach,
        &memory::Memory,
    ]
}

/// The one of this name.
pub fn find(name: &str) -> Option<&'static dyn Question> {
    all().into_iter().find(|question| question.name() == name)
}

/// Of questions about the time of a call.
const TIME: &[Measure] = &[Measure { name: "time", unit: "ns", about: "of a call" }];
