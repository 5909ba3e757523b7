//! The fields of the campaign, and what is published in them.
//!
//! A value says in its first word which version it is, because a snapshot does not. The words after
//! it follow from the value before it and from the process that published it.

use shma_core::ShmState;

/// A register of versions each.
#[derive(Debug, ShmState)]
pub(super) struct Registers {
    /// Small enough to be copied in one piece.
    pub(super) small: [u64; 4],
    /// Readers are overtaken often.
    #[shm(slots = 2)]
    pub(super) large: [u64; 1024],
    /// Changed by parts.
    pub(super) parts: [u64; 64],
    /// Replaced by one process alone, the only one that can know the versions then.
    #[shm(slots = 8)]
    pub(super) solo: [u64; 32],
}

/// The numbers of the fields in a history.
pub(super) const SMALL: usize = 0;
pub(super) const LARGE: usize = 1;
pub(super) const PARTS: usize = 2;
pub(super) const SOLO: usize = 3;

impl Registers {
    /// What they are created with.
    pub(super) fn first() -> Box<Self> {
        let mut first = Self::zeroed();
        first.small[0] = 1;
        first.large[0] = 1;
        first.parts[0] = 1;
        first.solo[0] = 1;
        first
    }
}

/// The checksums of the first values.
pub(super) fn first_checksums() -> Vec<u64> {
    let Registers { small, large, parts, solo } = *Registers::first();
    vec![checksum(&small), checksum(&large), checksum(&parts), checksum(&solo)]
}

/// Says which words they are, and in which order.
pub(super) fn checksum(words: &[u64]) -> u64 {
    words.iter().fold(0, |sum, word| add(sum, *word))
}

/// The checksum with one more word.
pub(super) fn add(sum: u64, word: u64) -> u64 {
    (sum ^ word).rotate_left(29).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// What becomes of word `at` when version `version` is published by one who signs so.
pub(super) fn successor(old: u64, at: usize, version: u64, signature: u64) -> u64 {
    if at == 0 { version } else { old.wrapping_mul(5).wrapping_add(signature ^ at as u64) }
}

/// All words of a value, as [`successor`] makes them.
pub(super) fn succeed(new: &mut [u64], old: &[u64], version: u64, signature: u64) {
    for (at, (new, old)) in new.iter_mut().zip(old).enumerate() {
        *new = successor(*old, at, version, signature);
    }
}
