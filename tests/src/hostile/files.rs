//! Bytes that look like a region in some places and not in others.

use shma_core::ShmState;

use super::shelf::Shelf;
use crate::region::{InDirectory, Name, control, header};
use crate::rng::Rng;

/// The bytes of a region that nothing is wrong with.
pub fn good() -> Vec<u8> {
    let name = Name::new("template");
    let _shelf = Shelf::in_directory().create(&name, &Shelf::zeroed()).unwrap();
    name.bytes().all()
}

/// Where the text of a region's manifest begins.
pub fn text_at(region: &[u8]) -> usize {
    u64::from_ne_bytes(region[header::TEXT_AT..][..8].try_into().unwrap()) as usize
}

/// The region with another text, whose length is in the header.
pub fn with_text(region: &[u8], text: impl AsRef<[u8]>) -> Vec<u8> {
    let at = text_at(region);
    let mut bytes = [&region[..at], text.as_ref()].concat();
    fit(&mut bytes, at);
    bytes
}

/// The words of the header by which a file is accepted or not.
const HEADER: [(usize, usize); 13] = [
    (header::MAGIC, 8),
    (header::FORMAT, 4),
    (header::BYTE_ORDER, 4),
    (header::TOTAL, 8),
    (header::FINGERPRINT, 8),
    (header::FINGERPRINT + 8, 8),
    (header::INSTANCE, 8),
    (header::FLAGS, 4),
    (header::NEXT_ID, 4),
    (header::TEXT_AT, 8),
    (header::TEXT_LEN, 8),
    (header::COMMIT, 8),
    (header::RETIRED, 4),
];

/// Changes of a template.
#[derive(Debug)]
pub struct Forger {
    good: Vec<u8>,
    text_at: usize,
}

impl Forger {
    /// From the bytes of a good region.
    pub fn new(good: Vec<u8>) -> Self {
        let text_at = text_at(&good);
        Self { good, text_at }
    }

    /// A file, and what is wrong with it.
    pub fn forge(&self, rng: &mut Rng) -> (&'static str, Vec<u8>) {
        let mut bytes = self.good.clone();
        let what = match rng.below(12) {
            0 => {
                bytes = noise(rng);
                "noise"
            }
            1 => {
                bytes = [&self.good[..8], &noise(rng)].concat();
                "noise behind the magic number"
            }
            2 | 3 => {
                self.header(&mut bytes, rng);
                "words of the header"
            }
            4 | 5 => {
                self.controls(&mut bytes, rng);
                "words of the control blocks"
            }
            6 => {
                self.controls(&mut bytes, rng);
                self.header(&mut bytes, rng);
                "words of header and control blocks"
            }
            7 => {
                for _ in 0..=rng.below(20) {
                    let at = rng.below(bytes.len());
                    bytes[at] ^= 1 << rng.below(8);
                }
                "bits"
            }
            8 => {
                bytes.truncate(rng.below(bytes.len()));
                "the length"
            }
            9 => {
                bytes.resize(bytes.len() + rng.below(10_000), rng.next_u64() as u8);
                self.fit(&mut bytes, rng);
                "the length, and the header fits"
            }
            10 => {
                self.text(&mut bytes, rng);
                "the text"
            }
            _ => {
                bytes.truncate(self.text_at);
                bytes.extend(tree(rng).bytes());
                self.fit(&mut bytes, rng);
                "another text"
            }
        };
        (what, bytes)
    }

    fn header(&self, bytes: &mut [u8], rng: &mut Rng) {
        for _ in 0..=rng.below(3) {
            let (at, size) = HEADER[rng.below(HEADER.len())];
            // A call that finds the hint that a region is gone looks again for a second.
            if at != header::RETIRED || rng.one_in(40) {
                let word = self.word(rng).to_ne_bytes();
                bytes[at..at + size].copy_from_slice(&word[..size]);
            }
        }
    }

    fn controls(&self, bytes: &mut [u8], rng: &mut Rng) {
        let often = 1 + rng.below(20);
        for field in Shelf::MANIFEST.fields {
            for at in (0..control::BYTES).step_by(4) {
                if rng.one_in(often) {
                    let word = self.word(rng).to_ne_bytes();
                    bytes[field.offset + at..][..4].copy_from_slice(&word[..4]);
                }
            }
        }
    }

    /// A number that is likely to be on the edge of something.
    fn word(&self, rng: &mut Rng) -> u64 {
        let near = rng.below(5) as u64;
        let word = match rng.below(8) {
            0 => 0,
            1 => u64::MAX,
            2 => 1 << rng.below(64),
            3 => self.good.len() as u64,
            4 => self.text_at as u64,
            5 => u64::from(control::OWNER),
            6 => rng.next_u64() >> rng.below(64),
            _ => rng.next_u64() & 0xFFFF_FFFF | rng.next_u64() << 32,
        };
        word.wrapping_add(near).wrapping_sub(2)
    }

    /// Cuts, doubles and replaces pieces of the manifest's text.
    fn text(&self, bytes: &mut Vec<u8>, rng: &mut Rng) {
        for _ in 0..=rng.below(4) {
            let length = bytes.len() - self.text_at;
            let first = self.text_at + rng.below(length);
            let end = (first + rng.below(60)).min(bytes.len());
            let piece = match rng.below(5) {
                0 => Vec::new(),
                1 => bytes[first..end].repeat(1 + rng.below(9)),
                2 => self.word(rng).to_string().into_bytes(),
                3 => tree(rng).into_bytes(),
                _ => rng.next_u64().to_ne_bytes().to_vec(),
            };
            bytes.splice(first..end, piece);
            if bytes.len() == self.text_at {
                break;
            }
        }
        self.fit(bytes, rng);
    }

    /// Lets the header agree with the length, so that what is wrong is met further on. The
    /// fingerprint says sometimes that all is well.
    fn fit(&self, bytes: &mut [u8], rng: &mut Rng) {
        fit(bytes, self.text_at);
        if rng.one_in(2) {
            bytes[header::FINGERPRINT] ^= 1;
        }
    }

    /// A file as a fuzzer asks for it: raw, or a good one with replaced pieces, or a good one with
    /// another text.
    pub fn by(&self, orders: &[u8]) -> Vec<u8> {
        let [how, orders @ ..] = orders else { return Vec::new() };
        match how % 4 {
            0 => orders.to_vec(),
            1 => {
                let mut bytes = with_text(&self.good, orders);
                bytes[header::FINGERPRINT] ^= how >> 7;
                bytes
            }
            _ => {
                let mut bytes = self.good.clone();
                for order in orders.chunks_exact(6) {
                    let at = usize::from(u16::from_ne_bytes([order[0], order[1]])) % bytes.len();
                    let length = (bytes.len() - at).min(4);
                    bytes[at..at + length].copy_from_slice(&order[2..2 + length]);
                }
                bytes
            }
        }
    }
}

fn fit(bytes: &mut [u8], text_at: usize) {
    let (total, text) = (bytes.len() as u64, bytes.len().saturating_sub(text_at) as u64);
    bytes[header::TOTAL..][..8].copy_from_slice(&total.to_ne_bytes());
    bytes[header::TEXT_LEN..][..8].copy_from_slice(&text.to_ne_bytes());
}

fn noise(rng: &mut Rng) -> Vec<u8> {
    let most = 1 << rng.below(15);
    let length = rng.below(most);
    (0..length).map(|_| rng.next_u64() as u8).collect()
}

/// What JSON texts are made of, and what they had better not be made of.
const TOKENS: [&str; 26] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"name\"",
    "\"fields\"",
    "\"type\"",
    "\"size\"",
    "\"offset\"",
    "\"slots\"",
    "\"struct\"",
    "\"shape\"",
    "\"u64\"",
    "\"[f32; 3]\"",
    "\"\\u0007\\u001b[2J\"",
    "-0",
    "1e400",
    "18446744073709551616",
    "null",
    "true",
    "\"\u{202e}\"",
    "\"\\ud800\"",
    "\"",
    " ",
];

/// A text of such tokens; or fields by the thousand; or an abyss.
fn tree(rng: &mut Rng) -> String {
    let field = "{\"name\":\"a\",\"type\":\"u8\",\"size\":1,\"struct\":{\"fields\":[]}}";
    match rng.below(60) {
        0 => format!(
            "{{\"name\":\"x\",\"fields\":[{field}{}]}}",
            format!(",{field}").repeat(rng.below(10_000))
        ),
        1 => "[".repeat(rng.below(1 << 19)),
        2 => "{\"struct\":".repeat(rng.below(1 << 15)),
        3 => format!("[0{}]", ",0".repeat(rng.below(1 << 18))),
        4 => format!("{{\"name\":\"{}\",\"fields\":[]}}", "\\u0007".repeat(rng.below(90_000))),
        5 => nested(rng.below(130), rng.below(1 << 19)),
        _ => (0..rng.below(100)).map(|_| rng.pick(&TOKENS)).collect(),
    }
}

/// Structs in structs, with a long name at the bottom.
fn nested(depth: usize, length: usize) -> String {
    let open = "{\"name\":\"a\",\"type\":\"s\",\"size\":1,\"offset\":0,\"struct\":{\"fields\":[";
    let bottom =
        format!("{{\"name\":\"{}\",\"type\":\"u8\",\"size\":1,\"offset\":0}}", "n".repeat(length));
    let inside = format!("{}{bottom}{}", open.repeat(depth), "]}}".repeat(depth));
    format!("{{\"name\":\"Shelf\",\"fields\":[{inside}]}}")
}
