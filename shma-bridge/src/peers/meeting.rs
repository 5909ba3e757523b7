//! What peers have to be told alike, and what becomes of one that was told otherwise.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::share::SILENCE;
use crate::error::Error;
use crate::hello;

/// What this node was told, and how it stands with the others.
#[derive(Debug)]
pub(crate) struct Meeting {
    me: usize,
    own: String,
    pub(crate) agreement: u64,
    /// A peer was told the same.
    agreed: bool,
    told: HashMap<usize, Instant>,
    reported: HashSet<(usize, u64)>,
}

impl Meeting {
    /// `own`: all that was told; `agreement`: what of it has to be the same.
    pub(crate) fn new(me: usize, own: String, alike: &str) -> Self {
        let agreement = checksum(alike.as_bytes());
        let (told, reported) = (HashMap::new(), HashSet::new());
        Self { me, own, agreement, agreed: false, told, reported }
    }

    pub(crate) fn own(&self) -> &str {
        &self.own
    }

    pub(crate) fn agree(&mut self) {
        self.agreed = true;
    }

    /// Whether a peer that differs is to be told once more what this one was told.
    pub(crate) fn tells(&mut self, peer: usize, now: Instant) -> bool {
        let due = self.told.get(&peer).is_none_or(|told| now >= *told + SILENCE);
        if due {
            self.told.insert(peer, now);
        }
        due
    }

    /// What a peer that differs was told. A node that has met no other ends with the difference. One
    /// that has goes on with those that agree; it returns what is to be reported, once for each peer.
    ///
    /// # Errors
    ///
    /// The difference.
    pub(crate) fn hear(&mut self, peer: usize, theirs: &str) -> Result<Option<String>, Error> {
        let Err(error) = hello::compare_two((self.me, &self.own), (peer, theirs)) else {
            return Ok(None);
        };
        if !self.agreed {
            return Err(error);
        }
        let first = self.reported.insert((peer, checksum(theirs.as_bytes())));
        Ok(first.then(|| format!("{error}; what node {peer} sends is ignored")))
    }
}

/// FNV-1a (Fowler, Noll, Vo, 1991), the same in every build.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
