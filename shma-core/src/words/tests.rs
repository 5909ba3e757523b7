//! Every way to copy does what the loop of words does, at every length and alignment, and touches
//! nothing beside.

use std::mem::MaybeUninit;
use std::ops::Range;

#[cfg(target_arch = "aarch64")]
use super::neon;
#[cfg(target_arch = "x86_64")]
use super::x86;
use super::{WORD, load_loop, load_part_over, store_loop, store_part};
use crate::sync::{AtomicU64, Ordering};

/// The longest copy.
const LONGEST: usize = 70_000;

/// Up to here every length is tried; beyond, one of so many.
const DENSE: usize = 1_100;
const STRIDE: usize = 509;

/// Lengths around which the way to copy changes, or a loop takes another turn.
const BORDERS: [usize; 10] = [64, 128, 256, 512, 1024, 4096, 8 << 10, 16 << 10, 32 << 10, LONGEST];

/// What lies before and behind a target: more than any loop moves in one turn.
const GUARD: usize = 256;

/// Alignments that can make a difference: those within a line of the cache.
const LINE: usize = 64;

/// What guards are filled with. The two sides differ, so that what is copied from beside a source
/// shows beside the target.
const PRIVATE_GUARD: u8 = 0xA5;
const SHARED_GUARD: u64 = 0x5A5A_5A5A_5A5A_5A5A;

/// Both directions of a copy of any length.
#[derive(Clone, Copy)]
struct Copy {
    name: &'static str,
    load: fn(&[AtomicU64], &mut [MaybeUninit<u8>]),
    store: fn(&[AtomicU64], &[u8]),
}

/// A copy of multiples of a number of bytes, with the loop for the rest. Streams go to words only.
#[cfg(target_arch = "x86_64")]
macro_rules! stepped {
    ($name:ident, $step:expr) => {
        Copy {
            name: stringify!($name),
            load: |from, into| {
                let words = into.as_ptr().addr().is_multiple_of(WORD);
                let whole = if words || $step != WORD { into.len() / $step * $step } else { 0 };
                let (head, tail) = into.split_at_mut(whole);
                let shared = from[..whole / WORD].as_ptr();
                // SAFETY: both sides are `whole` bytes long, a multiple of the step, and this thread's.
                unsafe { x86::$name(head.as_mut_ptr().cast(), shared.cast(), whole) };
                load_loop(&from[whole / WORD..], tail);
            },
            store: |to, from| {
                let (head, tail) = from.split_at(from.len() / $step * $step);
                let shared = to[..head.len() / WORD].as_ptr().cast_mut();
                // SAFETY: as above; atomics may be written through a shared borrow.
                unsafe { x86::$name(shared.cast(), head.as_ptr(), head.len()) };
                store_loop(&to[head.len() / WORD..], tail);
            },
        }
    };
}

/// A copy of [`x86::STEP`] bytes and more, as it would be on a processor for which this was chosen.
#[cfg(target_arch = "x86_64")]
macro_rules! chosen {
    ($name:literal, $way:expr) => {{
        static WAY: x86::Way = $way;
        Copy {
            name: $name,
            load: |from, into| {
                let whole = into.len() / x86::PAIR * x86::PAIR;
                if whole < x86::STEP {
                    return load_loop(from, into);
                }
                let (head, tail) = into.split_at_mut(whole);
                let shared = from[..whole / WORD].as_ptr();
                // SAFETY: both sides are `whole` bytes long, a multiple of `PAIR`, and this thread's;
                // the processor has the instructions, or this copy is not tried.
                unsafe { x86::copy_long(head.as_mut_ptr().cast(), shared.cast(), whole, &WAY) };
                load_loop(&from[whole / WORD..], tail);
            },
            store: |to, from| {
                let whole = from.len() / x86::PAIR * x86::PAIR;
                if whole < x86::STEP {
                    return store_loop(to, from);
                }
                let (head, tail) = from.split_at(whole);
                let shared = to[..whole / WORD].as_ptr().cast_mut();
                // SAFETY: as above; atomics may be written through a shared borrow.
                unsafe { x86::copy_long(shared.cast(), head.as_ptr(), whole, &WAY) };
                store_loop(&to[whole / WORD..], tail);
            },
        }
    }};
}

/// A copy of multiples of [`neon::PAIR`] bytes, with the loop for the rest.
#[cfg(target_arch = "aarch64")]
const NEON: Copy = Copy {
    name: "NEON",
    load: |from, into| {
        let (head, tail) = into.split_at_mut(into.len() / neon::PAIR * neon::PAIR);
        let shared = from[..head.len() / WORD].as_ptr();
        // SAFETY: both sides are as long as `head`, a multiple of a pair, and this thread's.
        unsafe { neon::load(head.as_mut_ptr().cast(), shared.cast(), head.len()) };
        load_loop(&from[head.len() / WORD..], tail);
    },
    store: |to, from| {
        let (head, tail) = from.split_at(from.len() / neon::PAIR * neon::PAIR);
        let shared = to[..head.len() / WORD].as_ptr().cast_mut();
        // SAFETY: as above; atomics may be written through a shared borrow.
        unsafe { neon::store(shared.cast(), head.as_ptr(), head.len()) };
        store_loop(&to[head.len() / WORD..], tail);
    },
};

/// All that this processor can do, whether it is chosen or not.
fn copies() -> Vec<Copy> {
    let mut copies = vec![
        Copy { name: "the loop", load: load_loop, store: store_loop },
        Copy { name: "the one chosen", load: super::load, store: super::store },
    ];
    #[cfg(target_arch = "aarch64")]
    copies.push(NEON);
    #[cfg(target_arch = "x86_64")]
    {
        use x86::{Vectors, Way};
        let here = x86::Processor::here();
        copies.push(stepped!(pairs, x86::PAIR));
        copies.push(stepped!(sse2, x86::STEP));
        copies.push(stepped!(strings, x86::STEP));
        copies.push(chosen!("SSE2 and strings", Way::fixed(Vectors::Sse2, [4096, usize::MAX])));
        copies.push(chosen!("SSE2 alone", Way::fixed(Vectors::Sse2, [usize::MAX; 2])));
        if here.has_avx {
            copies.push(stepped!(avx, x86::STEP));
            copies.push(chosen!("AVX and strings", Way::fixed(Vectors::Avx, [4096, usize::MAX])));
        }
        if here.has_cheap_avx512 {
            copies.push(stepped!(avx512, x86::STEP));
            copies.push(stepped!(stream, WORD));
            copies.push(chosen!("AVX-512", Way::fixed(Vectors::Avx512, [4096, usize::MAX])));
            copies.push(chosen!(
                "aligned vectors, strings and streams",
                Way::fixed(Vectors::Avx512Aligned, [4096, 32 << 10])
            ));
            copies.push(chosen!(
                "aligned vectors and streams",
                Way::fixed(Vectors::Avx512Aligned, [usize::MAX, 1024])
            ));
        }
    }
    copies
}

/// Lengths, each with the step from one pair of alignments to the next. A step of 7 tries all
/// alignments of each side at every length, and all pairs at any seven lengths in a row. Around a border
/// of the copies all pairs are tried at each length with `SHMA_SIZES=all`, and by default one in three.
fn lengths() -> impl Iterator<Item = (usize, usize)> {
    let rotating = (0..=DENSE).chain((DENSE..=LONGEST).step_by(STRIDE)).map(|len| (len, 7));
    let around = |border: usize| [border - WORD, border - 1, border, border + 1, border + WORD];
    let borders = BORDERS.into_iter().flat_map(around).filter(|len| *len <= LONGEST);
    let all = std::env::var_os("SHMA_SIZES").is_some_and(|sizes| sizes == "all");
    rotating.chain(borders.map(move |len| (len, if all { 1 } else { 3 })))
}

/// Where a private side starts in a line, and a shared one, in words.
fn alignments(len: usize, step: usize) -> impl Iterator<Item = (usize, usize)> {
    let pairs = (0..LINE * LINE / WORD).skip(len % step).step_by(step);
    pairs.map(|pair| (pair % LINE, pair / LINE))
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len as u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

/// The words that such bytes are copied to: of the last one the rest is zero.
fn words_of(bytes: &[u8]) -> Vec<u64> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(WORD), 0);
    bytemuck::pod_collect_to_vec(&bytes)
}

/// Bytes of which any can be placed at an alignment, with guards.
struct Private(Vec<u8>);

impl Private {
    fn new() -> Self {
        Self(vec![PRIVATE_GUARD; LINE + GUARD + LONGEST + GUARD])
    }

    fn place(&self, alignment: usize, len: usize) -> Range<usize> {
        let start = GUARD + (alignment.wrapping_sub(self.0.as_ptr().addr() + GUARD) % LINE);
        start..start + len
    }

    /// Whether the bytes at `place` are these, with guards around.
    fn holds(&self, place: &Range<usize>, bytes: &[u8]) -> bool {
        self.0[place.clone()] == *bytes
            && self.0[place.start - GUARD..place.start].iter().all(|byte| *byte == PRIVATE_GUARD)
            && self.0[place.end..place.end + GUARD].iter().all(|byte| *byte == PRIVATE_GUARD)
    }
}

/// Words of which any can be placed at an alignment, with guards.
struct Shared(Vec<AtomicU64>);

impl Shared {
    fn new() -> Self {
        let words = (LINE + GUARD + LONGEST + GUARD).div_ceil(WORD);
        Self((0..words).map(|_| AtomicU64::new(SHARED_GUARD)).collect())
    }

    fn place(&self, alignment: usize, len: usize) -> Range<usize> {
        let first = self.0.as_ptr().addr() + GUARD;
        let start = (GUARD + (alignment * WORD).wrapping_sub(first) % LINE) / WORD;
        start..start + len.div_ceil(WORD)
    }

    fn words(&self, range: Range<usize>) -> impl Iterator<Item = u64> {
        // Relaxed: one thread.
        self.0[range].iter().map(|word| word.load(Ordering::Relaxed))
    }

    fn put(&self, place: &Range<usize>, words: &[u64]) {
        for (word, value) in self.0[place.clone()].iter().zip(words) {
            word.store(*value, Ordering::Relaxed);
        }
    }

    fn clear(&self, place: &Range<usize>) {
        self.put(place, &vec![SHARED_GUARD; place.len()]);
    }

    /// Whether the words at `place` are these, with guards around.
    fn holds(&self, place: &Range<usize>, words: &[u64]) -> bool {
        let guards = [place.start - GUARD / WORD..place.start, place.end..place.end + GUARD / WORD];
        self.words(place.clone()).eq(words.iter().copied())
            && guards
                .into_iter()
                .flat_map(|guard| self.words(guard))
                .all(|word| word == SHARED_GUARD)
    }
}

fn uninit(bytes: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    let bytes: *mut [u8] = bytes;
    // SAFETY: the same bytes, exclusively borrowed for as long; every copy initialises all of them.
    unsafe { &mut *(bytes as *mut [MaybeUninit<u8>]) }
}

#[test]
fn every_load_is_the_loop() {
    let (shared, mut private) = (Shared::new(), Private::new());
    let copies = copies();
    for (len, step) in lengths() {
        let bytes = pattern(len);
        let words = words_of(&bytes);
        for (alignment, word) in alignments(len, step) {
            let from = shared.place(word, len);
            shared.put(&from, &words);
            let into = private.place(alignment, len);
            for Copy { name, load, .. } in &copies {
                load(&shared.0[from.clone()], uninit(&mut private.0[into.clone()]));
                assert!(
                    private.holds(&into, &bytes),
                    "{name}: load of {len} bytes from word {word} to byte {alignment} of a line"
                );
                private.0[into.clone()].fill(PRIVATE_GUARD);
            }
            shared.clear(&from);
        }
    }
}

#[test]
fn every_store_is_the_loop() {
    let (shared, mut private) = (Shared::new(), Private::new());
    let copies = copies();
    for (len, step) in lengths() {
        let bytes = pattern(len);
        let words = words_of(&bytes);
        for (alignment, word) in alignments(len, step) {
            let from = private.place(alignment, len);
            private.0[from.clone()].copy_from_slice(&bytes);
            let to = shared.place(word, len);
            for Copy { name, store, .. } in &copies {
                store(&shared.0[to.clone()], &private.0[from.clone()]);
                assert!(
                    shared.holds(&to, &words),
                    "{name}: store of {len} bytes from byte {alignment} of a line to word {word}"
                );
                shared.clear(&to);
            }
            private.0[from].fill(PRIVATE_GUARD);
        }
    }
}

#[test]
fn a_part_is_a_part_of_the_whole() {
    const LEN: usize = 600;
    let (shared, whole) = (Shared::new(), pattern(LEN));
    let place = shared.place(0, LEN);
    let slot = &shared.0[place.clone()];
    for first in 0..2 * LINE {
        for len in (0..40).chain(250..270).chain([LEN - 2 * LINE]) {
            let part = first..first + len;
            shared.put(&place, &words_of(&whole));
            let mut loaded = vec![0; len];
            load_part_over(slot, first, &mut loaded);
            assert_eq!(loaded, whole[part.clone()], "load of {len} bytes from byte {first}");

            let mut expected = whole.clone();
            expected[part.clone()].iter_mut().for_each(|byte| *byte = !*byte);
            store_part(slot, first, &expected[part]);
            assert!(
                shared.holds(&place, &words_of(&expected)),
                "store of {len} bytes to byte {first}"
            );
        }
    }
}
