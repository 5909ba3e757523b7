//! The ways to copy that the library chooses from: its own files, so that what is measured is what it
//! does.
//!
//! `unsafe` here: they are primitives.
#![allow(dead_code, reason = "the library uses more of its files")]

/// What the library's files expect above them.
const WORD: usize = 8;
const PAIR: usize = 16;
const STEP: usize = 128;
const LINE: usize = 64;

#[path = "../../../shma-core/src/words/x86/choice.rs"]
mod choice;
#[path = "../../../shma-core/src/words/x86/pairs.rs"]
mod pairs;
#[path = "../../../shma-core/src/words/x86/processor.rs"]
mod processor;
#[path = "../../../shma-core/src/words/x86/streams.rs"]
mod streams;
#[path = "../../../shma-core/src/words/x86/strings.rs"]
mod strings;
#[path = "../../../shma-core/src/words/x86/vectors.rs"]
mod vectors;

use choice::{Choice, Lengths, Vectors};
use processor::Processor;

/// Where to, where from, how many bytes.
///
/// # Safety
///
/// Both can be accessed for so many bytes, a multiple of [`STEP`]; they do not overlap, and are
/// aligned to words.
pub type Copy = unsafe fn(*mut u8, *const u8, usize);

/// A way to copy.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    pub name: &'static str,
    pub copy: self::Copy,
}

/// What all are compared with.
pub const MEMCPY: Way = Way { name: "memcpy", copy: memcpy };

/// `rep movsb`.
pub const STRINGS: Way = Way { name: "rep movsb", copy: strings::strings };

/// Non-temporal stores.
pub const STREAMS: Way = Way { name: "non-temporal", copy: stream };

/// All that this processor can do, `memcpy` first.
pub fn here() -> Vec<Way> {
    let processor = Processor::here();
    let mut ways = vec![MEMCPY, vectors(Vectors::Sse2)];
    if processor.has_avx {
        ways.push(vectors(Vectors::Avx));
    }
    if processor.has_cheap_avx512 {
        ways.extend([vectors(Vectors::Avx512), vectors(Vectors::Avx512Aligned)]);
    }
    ways.push(STRINGS);
    if processor.has_cheap_avx512 {
        ways.push(STREAMS);
    }
    ways
}

/// The vectors that the library takes here, and from where on it takes something else: for what it
/// loads, and for what it stores.
pub fn chosen() -> (Way, [String; 2]) {
    let Choice { vectors: chosen, loads, stores } = Choice::of(&Processor::here());
    let lengths = |Lengths { strings_from, streams_from }| {
        let from = |name, from| match from {
            choice::NEVER => format!("{name} never"),
            from => format!("{name} from {}", crate::report::bytes(from as u64)),
        };
        format!("{}, {}", from(STRINGS.name, strings_from), from(STREAMS.name, streams_from))
    };
    (vectors(chosen), [lengths(loads), lengths(stores)])
}

fn vectors(vectors: Vectors) -> Way {
    match vectors {
        Vectors::Sse2 => Way { name: "16 bytes", copy: vectors::sse2 },
        Vectors::Avx => Way { name: "32 bytes", copy: vectors::avx },
        Vectors::Avx512 => Way { name: "64 bytes", copy: vectors::avx512 },
        Vectors::Avx512Aligned => Way { name: "64 bytes, aligned", copy: vectors::avx512_aligned },
    }
}

/// # Safety
///
/// As [`Copy`].
unsafe fn memcpy(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: as the caller promises.
    unsafe { to.copy_from_nonoverlapping(from, len) }
}

/// With its fences.
///
/// # Safety
///
/// As [`Copy`], and the processor has AVX-512.
unsafe fn stream(to: *mut u8, from: *const u8, len: usize) {
    streams::fence();
    // SAFETY: as the caller promises; a multiple of `STEP` is one of words.
    unsafe { streams::stream(to, from, len) };
    streams::fence();
}
