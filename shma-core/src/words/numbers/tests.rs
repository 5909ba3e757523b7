//! Every way to copy numbers and to add to them does what the loop does, at every length and
//! alignment, and accesses nothing beside.

use std::mem::MaybeUninit;

use super::{Lane, loops};

/// Up to here every length is tried; beyond, some around powers of two.
const DENSE: usize = 70;
const LONG: [usize; 7] = [127, 128, 129, 255, 257, 1_000, 1_027];

/// Numbers before and behind a run, which have to stay as they are. More than a loop moves in one
/// turn.
const GUARD: usize = 40;

/// Starts of a run that can make a difference: those in a line of the cache, in numbers of four bytes.
const STARTS: usize = 16;

/// A way to do all three.
struct Way<N: Lane> {
    name: &'static str,
    load: fn(&[N::Cell], &mut [MaybeUninit<N>]),
    store: fn(&[N::Cell], &[N]),
    add: fn(&[N::Cell], &[N]),
}

/// All that this processor can do, apart from the loop.
#[cfg_attr(
    any(not(target_arch = "x86_64"), shma_tsan),
    expect(unused_mut, reason = "other processors have one way")
)]
fn ways<N: Lane>() -> Vec<Way<N>> {
    let mut ways = vec![Way {
        name: "the one chosen",
        load: |from, into| _ = super::load(from, into),
        store: super::store,
        add: super::add,
    }];
    #[cfg(all(target_arch = "x86_64", not(shma_tsan)))]
    {
        use super::x86::{Vectors, add_by, load_by, store_by};
        ways.push(Way {
            name: "halves",
            load: |from, into| load_by(Vectors::Halves, from, into),
            store: |to, from| store_by(Vectors::Halves, to, from),
            add: |to, values| add_by(Vectors::Halves, to, values),
        });
        if std::is_x86_feature_detected!("avx") {
            ways.push(Way {
                name: "whole vectors",
                load: |from, into| load_by(Vectors::Whole, from, into),
                store: |to, from| store_by(Vectors::Whole, to, from),
                add: |to, values| add_by(Vectors::Whole, to, values),
            });
        }
    }
    ways
}

/// Numbers of every kind: those of integers wrap, and among those of floats are infinities, zeros of
/// both signs, and NaNs.
fn pattern<N: Lane>(len: usize, seed: u64) -> Vec<N> {
    let special = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, f64::MIN_POSITIVE];
    let number = |i: usize| {
        let bits = (i as u64 + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let special = special.get(bits as usize % 19).copied();
        let double = special.unwrap_or((bits >> 20) as f64 * 1e-3 - 1e9);
        match (N::WRAPS, size_of::<N>()) {
            (true, 4) => bytemuck::cast_slice(&[(bits >> 32) as u32])[0],
            (true, _) => bytemuck::cast_slice(&[bits])[0],
            (false, 4) => bytemuck::cast_slice(&[double as f32])[0],
            (false, _) => bytemuck::cast_slice(&[double])[0],
        }
    };
    (0..len).map(number).collect()
}

/// Whether numbers are the same, bit by bit. Which NaN a sum is, is nowhere promised.
fn same<N: Lane>(one: &[N], other: &[N]) -> bool {
    let is_nan = |n: &N| {
        !N::WRAPS
            && match size_of::<N>() {
                4 => f32::is_nan(bytemuck::cast_slice(std::slice::from_ref(n))[0]),
                _ => f64::is_nan(bytemuck::cast_slice(std::slice::from_ref(n))[0]),
            }
    };
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(a, b)| bytemuck::bytes_of(a) == bytemuck::bytes_of(b) || is_nan(a) && is_nan(b))
}

/// Numbers of which any 64 are a line, the first one at its start.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Line([u8; 64]);

struct Shared(Vec<Line>);

impl Shared {
    fn new<N: Lane>(numbers: &[N]) -> Self {
        let bytes: &[u8] = bytemuck::cast_slice(numbers);
        let mut lines = vec![Line([0; 64]); bytes.len().div_ceil(64)];
        for (line, bytes) in lines.iter_mut().zip(bytes.chunks(64)) {
            line.0[..bytes.len()].copy_from_slice(bytes);
        }
        Self(lines)
    }

    /// Borrowed exclusively, so that no other access can be plain meanwhile.
    fn cells<N: Lane>(&mut self, len: usize) -> &[N::Cell] {
        assert!(len * size_of::<N>() <= size_of_val(&self.0[..]));
        // SAFETY: as many bytes as asserted, aligned to 64, exclusively borrowed; any bytes are an
        // atomic integer, which a `Cell` is by the contract of `Lane`.
        unsafe { std::slice::from_raw_parts(self.0.as_mut_ptr().cast(), len) }
    }

    fn numbers<N: Lane>(&mut self, len: usize) -> Vec<N> {
        self.cells::<N>(len).iter().map(N::load).collect()
    }
}

fn compare<N: Lane>() {
    let lens = (0..DENSE).chain(LONG);
    for len in lens {
        for start in 0..STARTS {
            // All starts of the private side with each of the shared one, over seven lengths in a row.
            let private = (start + len * 5) % STARTS;
            let all = GUARD + STARTS + len + GUARD;
            let run = GUARD + start..GUARD + start + len;
            let before = pattern::<N>(all, 1);
            let source = pattern::<N>(STARTS + len, 2);
            let values = &source[private..private + len];
            for way in ways::<N>() {
                let what = |call| format!("{call} by {}: {len} numbers from {start}", way.name);

                let mut shared = Shared::new(&before);
                let mut copy = pattern::<N>(STARTS + len + GUARD, 3);
                let mut expected = copy.clone();
                let into = private..private + len;
                let as_room = |numbers: *mut [N]| numbers as *mut [MaybeUninit<N>];
                // SAFETY: the same numbers, exclusively borrowed; only initialised ones are written.
                let room = unsafe { &mut *as_room(&mut copy[into.clone()]) };
                (way.load)(&shared.cells::<N>(all)[run.clone()], room);
                expected[into].copy_from_slice(&before[run.clone()]);
                assert!(same(&copy, &expected), "{}", what("load"));
                assert!(same(&shared.numbers::<N>(all), &before), "{}", what("load"));

                (way.store)(&shared.cells::<N>(all)[run.clone()], values);
                let mut expected = before.clone();
                expected[run.clone()].copy_from_slice(values);
                assert!(same(&shared.numbers::<N>(all), &expected), "{}", what("store"));

                let (mut shared, mut looped) = (Shared::new(&before), Shared::new(&before));
                (way.add)(&shared.cells::<N>(all)[run.clone()], values);
                loops::add(&looped.cells::<N>(all)[run.clone()], values);
                let (sums, expected) = (shared.numbers::<N>(all), looped.numbers::<N>(all));
                assert!(same(&sums, &expected), "{}", what("addition"));
                assert!(same(&sums[..run.start], &before[..run.start]), "{}", what("addition"));
                assert!(same(&sums[run.end..], &before[run.end..]), "{}", what("addition"));
            }
        }
    }
}

#[test]
fn vectors_of_integers_do_what_the_loop_does() {
    compare::<u32>();
    compare::<i32>();
    compare::<u64>();
    compare::<i64>();
}

#[test]
fn vectors_of_floats_do_what_the_loop_does() {
    compare::<f32>();
    compare::<f64>();
}

/// The meaning itself, in numbers.
#[test]
fn an_addition_wraps_integers_and_rounds_floats() {
    let mut shared = Shared::new(&[u32::MAX, 1, 2, 3, 4]);
    super::add::<u32>(shared.cells::<u32>(5), &[2, 1, 1, 1, u32::MAX]);
    assert_eq!(shared.numbers::<u32>(5), [1, 2, 3, 4, 3]);
    let mut shared = Shared::new(&[i64::MIN, 5, -1]);
    super::add::<i64>(shared.cells::<i64>(3), &[-1, -7, 1]);
    assert_eq!(shared.numbers::<i64>(3), [i64::MAX, -2, 0]);
    let mut shared = Shared::new(&[1e16, f64::INFINITY, 0.5]);
    super::add::<f64>(shared.cells::<f64>(3), &[1.0, 1.0, 0.25]);
    assert_eq!(shared.numbers::<f64>(3), [1e16, f64::INFINITY, 0.75]);
}
