//! What it costs that somebody might wait, if nobody does.

use anyhow::Result;

use super::alone::compare;
use super::{Axis, Measure, Question, TIME};
use crate::effort::Effort;
use crate::worker::Worker;

/// The question.
pub struct Publish;

impl Question for Publish {
    fn name(&self) -> &'static str {
        "publish"
    }

    fn about(&self) -> &'static str {
        "Publishing one number of 8 bytes while nobody waits for it."
    }

    fn axis(&self) -> Axis {
        Axis::Bytes
    }

    fn measures(&self) -> &'static [Measure] {
        TIME
    }

    fn cases(&self, _: Effort) -> Vec<u64> {
        vec![8]
    }

    fn measure(&self, worker: &Worker) -> Result<()> {
        let mut number = 1;
        compare(
            worker,
            8,
            |peer, place| peer.create_bell(place),
            |peer, bell| {
                bell.ring(7, 1)?;
                assert_eq!(bell.look()?, 7, "{}: another number", peer.name());
                Ok(())
            },
            |bell, times| {
                number += 1;
                bell.ring(number, times)
            },
        );
        Ok(())
    }
}
