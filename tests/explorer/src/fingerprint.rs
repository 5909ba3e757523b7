//! Hash compaction: a state is remembered by 128 bits only.
//!
//! The fingerprint is two independent sums of products of keyed words (the NH function of UMAC:
//! Black et al., "UMAC: fast and secure message authentication", 1999), mixed at the end. Two
//! states share one with a chance of about 2^-128, so among 10^8 states the chance that any is
//! taken for another is about 10^-23.

use std::hash::{BuildHasherDefault, Hasher};

/// Words of the largest state.
const LONGEST: usize = 4096;

/// Four random-looking keys for every pair of words.
static KEYS: [[u64; 4]; LONGEST / 2] = keys();

const fn keys() -> [[u64; 4]; LONGEST / 2] {
    let mut keys = [[0; 4]; LONGEST / 2];
    let (mut pair, mut state) = (0, 0x243f_6a88_85a3_08d3);
    while pair < keys.len() {
        let mut key = 0;
        while key < 4 {
            state = mix(state);
            keys[pair][key] = state;
            key += 1;
        }
        pair += 1;
    }
    keys
}

/// One step of the generator splitmix64.
const fn mix(state: u64) -> u64 {
    let a = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let b = (a ^ (a >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let c = (b ^ (b >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    c ^ (c >> 31)
}

/// The fingerprint of a state that was written down as these words.
pub(super) fn fingerprint(words: &[u64]) -> u128 {
    assert!(words.len() <= LONGEST, "a state of {} words", words.len());
    let (mut a, mut b) = (words.len() as u128, 0);
    let (pairs, odd) = words.as_chunks::<2>();
    let last = odd.first().map(|word| [*word, 0]);
    for ([x, y], &[k, l, m, n]) in pairs.iter().copied().chain(last).zip(&KEYS) {
        a = product(x.wrapping_add(k), y.wrapping_add(l)).wrapping_add(a);
        b = product(x.wrapping_add(m), y.wrapping_add(n)).wrapping_add(b);
    }
    let fold = |sum: u128| mix(mix(sum as u64) ^ (sum >> 64) as u64);
    u128::from(fold(a)) << 64 | u128::from(fold(b))
}

fn product(a: u64, b: u64) -> u128 {
    u128::from(a).wrapping_mul(u128::from(b))
}

/// A set of fingerprints, which need no hashing once more.
pub(super) type Seen = std::collections::HashSet<u128, BuildHasherDefault<AsItIs>>;

/// The hasher of [`Seen`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only fingerprints are hashed");
    }

    fn write_u128(&mut self, fingerprint: u128) {
        self.0 = fingerprint as u64;
    }
}
