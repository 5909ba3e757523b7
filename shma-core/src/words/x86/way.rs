//! What was chosen for this processor, where every copy can look it up.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use super::choice::{Choice, Lengths, NEVER, Vectors};
use super::processor::Processor;
use crate::sync::mutant;

/// Copies in one direction.
#[derive(Debug)]
pub(in crate::words) struct Way {
    /// A [`Vectors`], or 0 if the processor has not been asked.
    vectors: AtomicU8,
    vectors_below: AtomicUsize,
    strings_from: AtomicUsize,
    streams_from: AtomicUsize,
    /// The lengths of a choice for this direction.
    lengths: fn(&Choice) -> Lengths,
}

/// From shared memory.
pub(super) static LOADS: Way = Way::new(|choice| choice.loads);

/// To shared memory.
pub(super) static STORES: Way = Way::new(|choice| choice.stores);

impl Way {
    const fn new(lengths: fn(&Choice) -> Lengths) -> Self {
        let [vectors_below, strings_from, streams_from] = [const { AtomicUsize::new(NEVER) }; 3];
        Self { vectors: AtomicU8::new(0), vectors_below, strings_from, streams_from, lengths }
    }

    /// Whatever the processor is; `lengths` are those of strings and of streams.
    #[cfg(test)]
    pub(in crate::words) const fn fixed(vectors: Vectors, lengths: [usize; 2]) -> Self {
        let [strings, streams] = lengths;
        let below = if strings < streams { strings } else { streams };
        Self {
            vectors: AtomicU8::new(vectors as u8),
            vectors_below: AtomicUsize::new(below),
            strings_from: AtomicUsize::new(strings),
            streams_from: AtomicUsize::new(streams),
            lengths: |_| unreachable!("it is chosen"),
        }
    }

    /// By which vectors; asks the processor if that has not been done.
    ///
    /// No lock: a child that is forked while another thread asks would inherit it locked, and its
    /// first copy would wait for a thread that it does not have. Threads that ask at the same time
    /// all store the same.
    #[inline]
    pub(super) fn vectors(&self) -> Vectors {
        // Meets the release in `choose`: a thread that sees the vectors sees the lengths.
        match self.vectors.load(Ordering::Acquire) {
            4 => Vectors::Avx512Aligned,
            3 => Vectors::Avx512,
            2 => Vectors::Avx,
            1 => Vectors::Sse2,
            _ => self.choose(),
        }
    }

    #[cold]
    fn choose(&self) -> Vectors {
        let processor = Processor::here();
        let choice = Choice::of(&processor);
        #[cfg(shma_copies)]
        let choice = super::wish::fulfil(choice);
        let Lengths { strings_from, mut streams_from } = (self.lengths)(&choice);
        if processor.has_cheap_avx512 && everything_is_streamed() {
            streams_from = 0;
        }
        // Relaxed, all three: the release below is behind them.
        self.vectors_below.store(strings_from.min(streams_from), Ordering::Relaxed);
        self.strings_from.store(strings_from, Ordering::Relaxed);
        self.streams_from.store(streams_from, Ordering::Relaxed);
        // Meets the acquire in `vectors`.
        self.vectors.store(choice.vectors as u8, Ordering::Release);
        choice.vectors
    }

    /// The length from which vectors are not the first choice. As the two below: after
    /// [`vectors`](Self::vectors), which orders the load.
    #[inline]
    pub(super) fn vectors_below(&self) -> usize {
        self.vectors_below.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn strings_from(&self) -> usize {
        self.strings_from.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn streams_from(&self) -> usize {
        self.streams_from.load(Ordering::Relaxed)
    }
}

/// For faults of streams to show at small values too, and what is none not to.
fn everything_is_streamed() -> bool {
    let faults = [mutant!("words-streamed"), mutant!("words-unfenced-behind")];
    faults.contains(&true)
}
