//! Changing 64 bytes of a larger value.

use anyhow::Result;

use super::alone::compare;
use super::{Axis, Measure, Question, TIME};
use crate::buffer::Buffer;
use crate::effort::Effort;
use crate::sizes;
use crate::worker::{Worker, check_memory};

/// The question.
pub struct Parts;

impl Question for Parts {
    fn name(&self) -> &'static str {
        "parts"
    }

    fn about(&self) -> &'static str {
        "Changing 64 bytes in the middle of a larger value, after other such changes."
    }

    fn axis(&self) -> Axis {
        Axis::Bytes
    }

    fn measures(&self) -> &'static [Measure] {
        TIME
    }

    fn cases(&self, effort: Effort) -> Vec<u64> {
        effort.sizes(&[sizes::ALL[5], sizes::ALL[7], sizes::ALL[10]], &sizes::ALL[5..])
    }

    fn measure(&self, worker: &Worker) -> Result<()> {
        let bytes = worker.job.case;
        let first = bytes as usize / 16;
        compare(
            worker,
            bytes,
            |peer, place| {
                check_memory(peer.copies() + 1, bytes)?;
                peer.create(place)
            },
            |peer, store| {
                store.add_part(first, 1)?;
                let mut value = Buffer::zeroed(bytes);
                store.peek(&mut value)?;
                let ones = first..first + 8;
                let right = |(index, number): (usize, &f64)| {
                    *number == f64::from(u8::from(ones.contains(&index)))
                };
                assert!(value.iter().enumerate().all(right), "{}: wrong numbers", peer.name());
                Ok(())
            },
            |store, times| store.add_part(first, times),
        );
        Ok(())
    }
}
