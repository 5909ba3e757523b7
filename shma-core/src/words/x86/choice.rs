//! Which way to copy is chosen for which processor and length, and why.
//!
//! | processor | up to | moved by | because |
//! |---|---|---|---|
//! | all | 128 B | 16 bytes, in place | No call. Compiled code then finds its vectors in the store buffer; from two stores of 8 bytes it waits for the cache. |
//! | Intel with AVX-512 that keeps the clock | 24 KiB loaded, 8 KiB stored | 64 bytes, aligned to lines of what is stored | A vector across two lines costs two stores. Private memory 16 bytes beside a line made loads of 4 KiB 1.5 times as long. |
//! | | 8 second caches loaded, one stored | `rep movsb` | As fast as vectors, and beside a reader it fetches fewer lines. |
//! | | more | 64 bytes, non-temporal, four pages in turn | The lines that are overwritten are not fetched first: 0.5 to 0.8 of `rep movsb`. Page after page took up to 1.4 times as long. |
//! | all others | 24 KiB loaded, 4 KiB stored | the widest vectors: 64, 32 or 16 bytes | The fastest as long as both sides are in the first cache. |
//! | | more | `rep movsb`, if the processor says that it is fast | It need not fetch the lines that it overwrites, and displaces fewer. |
//!
//! The lines of Intel were measured on Emerald Rapids. Those of all others were measured on Zen 5, where
//! non-temporal stores gain nothing that `rep movsb` does not. `shma-bench copies` measures again.
//!
//! A writer needs its lines back from the cache of a reader on another core. A vector store fetches each
//! line with what it holds: beside a polling reader on Zen 5, `rep movsb` took half the time at 8 KiB.
//! So it begins earlier for what is stored.
//!
//! Lengths of non-temporal copies are multiples of the second cache, since the third says little. A
//! virtual machine is told of 300 MiB that its neighbours use too, and copies slow down from 32 MiB
//! on. What is stored was written K publications ago, and has left the second cache if it is as
//! large. What is loaded is used next, and memory is farther than the third cache. With the time of
//! summing it up, 4 MiB took 1.28 times as long by non-temporal stores, 16 MiB as long, 32 MiB
//! 0.78.

use super::processor::Processor;

/// How copies of 128 bytes and more are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) vectors: Vectors,
    pub(crate) loads: Lengths,
    pub(crate) stores: Lengths,
}

/// By which vectors. The numbers are what is kept of a choice; 0 is for none yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Vectors {
    Sse2 = 1,
    Avx,
    Avx512,
    Avx512Aligned,
}

/// From how many bytes on copies are made in other ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub(crate) strings_from: usize,
    pub(crate) streams_from: usize,
}

/// The length that no value has.
pub(crate) const NEVER: usize = usize::MAX;

/// Fewer bytes are not copied by non-temporal stores, whatever a processor says of its second cache;
/// of all that have such AVX-512, none has less.
pub(crate) const FEWEST_STREAMED: usize = 1 << 20;

impl Choice {
    /// For a processor.
    pub(crate) fn of(processor: &Processor) -> Self {
        let Processor { is_intel, has_cheap_avx512, has_fast_strings, .. } = *processor;
        let strings = |from| if has_fast_strings { from } else { NEVER };
        if is_intel && has_cheap_avx512 {
            let cache = processor.second_cache.max(FEWEST_STREAMED);
            return Self {
                vectors: Vectors::Avx512Aligned,
                loads: Lengths { strings_from: strings(24 << 10), streams_from: 8 * cache },
                stores: Lengths { strings_from: strings(8 << 10), streams_from: cache },
            };
        }
        let vectors = match processor {
            Processor { has_cheap_avx512: true, .. } => Vectors::Avx512,
            Processor { has_avx: true, .. } => Vectors::Avx,
            _ => Vectors::Sse2,
        };
        Self {
            vectors,
            loads: Lengths { strings_from: strings(24 << 10), streams_from: NEVER },
            stores: Lengths { strings_from: strings(4 << 10), streams_from: NEVER },
        }
    }
}
