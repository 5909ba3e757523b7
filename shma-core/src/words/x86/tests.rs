//! What is chosen for which processor, and that streams keep the order of other stores.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::choice::{Choice, FEWEST_STREAMED, Lengths, NEVER, Vectors};
use super::processor::Processor;
use super::{LINE, STEP, WORD, streamed};

/// An Emerald Rapids.
const INTEL: Processor = Processor {
    is_intel: true,
    has_avx: true,
    has_cheap_avx512: true,
    has_fast_strings: true,
    second_cache: 2 << 20,
};

/// A Zen 5, which is not asked for its second cache.
const AMD: Processor = Processor { is_intel: false, second_cache: 0, ..INTEL };

/// What was measured on one processor is chosen for another one, or lengths are changed of one that
/// was not measured again.
#[test]
fn a_measured_processor_gets_what_was_measured_on_it() {
    let amd = Choice::of(&AMD);
    assert_eq!(amd.vectors, Vectors::Avx512);
    assert_eq!(amd.loads, Lengths { strings_from: 24 << 10, streams_from: NEVER });
    assert_eq!(amd.stores, Lengths { strings_from: 4 << 10, streams_from: NEVER });
    let intel = Choice::of(&INTEL);
    assert_eq!(intel.vectors, Vectors::Avx512Aligned);
    assert_eq!(intel.loads, Lengths { strings_from: 24 << 10, streams_from: 16 << 20 });
    assert_eq!(intel.stores, Lengths { strings_from: 8 << 10, streams_from: 2 << 20 });
}

/// A processor is given instructions that it does not have.
#[test]
fn no_processor_is_given_what_it_lacks() {
    let switch = [false, true];
    for is_intel in switch {
        for (has_avx, has_cheap_avx512) in [(false, false), (true, false), (true, true)] {
            for has_fast_strings in switch {
                for second_cache in [0, 256 << 10, 2 << 20, usize::MAX / 64] {
                    let processor = Processor {
                        is_intel,
                        has_avx,
                        has_cheap_avx512,
                        has_fast_strings,
                        second_cache,
                    };
                    check(&processor);
                }
            }
        }
    }
}

fn check(processor: &Processor) {
    let Choice { vectors, loads, stores } = Choice::of(processor);
    let able = match vectors {
        Vectors::Sse2 => true,
        Vectors::Avx => processor.has_avx,
        Vectors::Avx512 | Vectors::Avx512Aligned => processor.has_cheap_avx512,
    };
    assert!(able, "{processor:?}: {vectors:?}");
    for Lengths { strings_from, streams_from } in [loads, stores] {
        assert!(strings_from == NEVER || processor.has_fast_strings, "{processor:?}");
        assert!(streams_from == NEVER || processor.has_cheap_avx512, "{processor:?}");
        assert!(streams_from >= FEWEST_STREAMED && streams_from > strings_from.min(STEP));
    }
}

/// The words before the value, each with a line of its own, and the value in four places.
#[repr(align(4096))]
struct Slots {
    version: [AtomicU64; LINE / WORD],
    begin: [AtomicU64; LINE / WORD],
    places: [[AtomicU64; WORDS]; PLACES],
}

const WORDS: usize = STEP / WORD;
const PLACES: usize = 4;

/// Publications. Without the fence behind, every run sees some too early. Without the fence before, none
/// did: it takes a writer that has the value in its registers, where one of 30,000 was seen too early.
const TIMES: u64 = 1_500_000;

/// Non-temporal stores become visible after what is stored behind them, or before what is stored
/// before them, as in no test of whole values this often.
#[test]
fn a_stream_keeps_the_order_of_stores() {
    if !Processor::here().has_cheap_avx512 {
        return eprintln!("skipped: this processor has no AVX-512 for streams");
    }
    let word = || AtomicU64::new(0);
    let slots = Slots {
        version: std::array::from_fn(|_| word()),
        begin: std::array::from_fn(|_| word()),
        places: std::array::from_fn(|_| std::array::from_fn(|_| word())),
    };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            publish(&slots);
            done.store(true, Ordering::Relaxed);
        });
        let mut at = 0;
        while !done.load(Ordering::Relaxed) {
            at = (at + 1) % WORDS;
            look(&slots, at);
        }
    });
}

fn publish(slots: &Slots) {
    for number in 1..=TIMES {
        slots.begin[0].store(number, Ordering::Relaxed);
        let value = [number; WORDS];
        let place = slots.places[number as usize % PLACES].as_ptr().cast_mut();
        // SAFETY: both sides have `STEP` bytes; the place is of atomics, aligned to a line; the
        // processor has AVX-512.
        unsafe { streamed(place.cast(), value.as_ptr().cast(), STEP) };
        slots.version[0].store(number, Ordering::Release);
    }
}

/// One word of the newest publication, and one of the next.
fn look(slots: &Slots, at: usize) {
    // Meets the release in `publish`.
    let version = slots.version[0].load(Ordering::Acquire);
    let place = |number: u64| &slots.places[number as usize % PLACES][at];
    let newest = place(version).load(Ordering::Acquire);
    assert!(newest >= version, "publication {version} is seen, but its word {at} is of {newest}");
    let next = place(version + 1).load(Ordering::Acquire);
    let begun = slots.begin[0].load(Ordering::Relaxed);
    assert!(next <= begun, "word {at} is of publication {next}, and {begun} is the last begun");
}
