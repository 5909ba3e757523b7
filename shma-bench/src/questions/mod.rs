//! What is measured, a file for each question.

mod adding;
mod alone;
mod apart;
mod attach;
mod beside;
mod closure;
mod elementwise;
mod hogwild;
mod latency;
mod memory;
mod parts;
mod pipeline;
mod publish;
mod read;
mod retries;
mod scattered;
pub mod several;
mod snapshot;
mod together;
mod transaction;
mod write;
mod writer;

use crate::question::Question;

/// All of them, in the order in which they are asked.
pub static ALL: &[Question] = &[
    read::QUESTION,
    write::QUESTION,
    writer::QUESTION,
    elementwise::QUESTION,
    hogwild::QUESTION,
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
    scattered::READS,
    scattered::UPDATES,
    snapshot::QUESTION,
    transaction::QUESTION,
    several::QUESTION,
    pipeline::QUESTION,
    attach::QUESTION,
    memory::QUESTION,
];

/// The one of this name.
pub fn find(name: &str) -> Option<&'static Question> {
    ALL.iter().find(|question| question.name == name)
}
