//! The calls on one field, alone in one process: for daily work on the library.
//!
//! ```sh
//! cargo bench --no-default-features --bench paths             # all of them
//! cargo bench --no-default-features --bench paths -- update   # those whose names contain it
//! ```
//!
//! Comparisons with other ways to share, and several processes, are the business of the program beside it.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

use divan::{Bencher, counter::BytesCount};
use shma_core::{Shm, ShmState};

/// Numbers in 64 B, 4 KiB, 64 KiB, 1 MiB.
const SIZES: [usize; 4] = [8, 512, 8 << 10, 128 << 10];

#[derive(ShmState)]
struct Array<const N: usize> {
    numbers: [f64; N],
}

fn main() {
    divan::main();
}

/// A region of its own, removed when it is dropped.
fn array<const N: usize>() -> Shm<Array<N>> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("bench-paths-{}-{number}", std::process::id());
    Array::create(&name, &Array::zeroed()).expect("a region for the bench")
}

fn bytes<const N: usize>() -> BytesCount {
    BytesCount::of_many::<f64>(N)
}

/// What copying takes, for comparison.
#[divan::bench(consts = SIZES)]
fn memcpy<const N: usize>(bencher: Bencher<'_, '_>) {
    let (from, mut to) = (Array::<N>::zeroed(), Array::<N>::zeroed());
    bencher
        .counter(bytes::<N>())
        .bench_local(|| black_box(&mut to).numbers.copy_from_slice(&black_box(&from).numbers));
}

#[divan::bench(consts = SIZES)]
fn read_into<const N: usize>(bencher: Bencher<'_, '_>) {
    let (array, mut into) = (array::<N>(), Array::<N>::zeroed());
    bencher
        .counter(bytes::<N>())
        .bench_local(|| array.numbers.read_into(black_box(&mut into.numbers)));
}

#[divan::bench(consts = SIZES)]
fn write<const N: usize>(bencher: Bencher<'_, '_>) {
    let (array, value) = (array::<N>(), Array::<N>::zeroed());
    bencher.counter(bytes::<N>()).bench_local(|| array.numbers.write(black_box(&value.numbers)));
}

#[divan::bench(consts = SIZES)]
fn update<const N: usize>(bencher: Bencher<'_, '_>) {
    let array = array::<N>();
    bencher.counter(bytes::<N>()).bench_local(|| {
        array.numbers.update(|new, old| {
            for (new, old) in new.iter_mut().zip(old) {
                *new = old + 1.0;
            }
        });
    });
}

#[divan::bench(consts = SIZES)]
fn update_with<const N: usize>(bencher: Bencher<'_, '_>) {
    let (array, step) = (array::<N>(), Array::<N>::zeroed());
    bencher.counter(bytes::<N>()).bench_local(|| {
        array.numbers.update_with(black_box(&step.numbers), |new, old| 0.1 * new + 0.9 * old);
    });
}

#[divan::bench(consts = SIZES)]
fn get<const N: usize>(bencher: Bencher<'_, '_>) {
    let array = array::<N>();
    bencher.bench_local(|| array.numbers.get(black_box(N / 2)));
}

#[divan::bench(consts = SIZES)]
fn set<const N: usize>(bencher: Bencher<'_, '_>) {
    let array = array::<N>();
    bencher.bench_local(|| array.numbers.set(black_box(N / 2), 1.0));
}

#[divan::bench(consts = SIZES)]
fn update_range<const N: usize>(bencher: Bencher<'_, '_>) {
    let array = array::<N>();
    let part = N / 2..N / 2 + 4;
    bencher.bench_local(|| {
        array.numbers.update_range(black_box(part.clone()), |new, old| new[0] = old[1] + 1.0);
    });
}

#[divan::bench]
fn version(bencher: Bencher<'_, '_>) {
    let array = array::<8>();
    bencher.bench_local(|| array.numbers.version());
}

#[divan::bench]
fn snapshot(bencher: Bencher<'_, '_>) {
    let (array, mut into) = (array::<8>(), Array::<8>::zeroed());
    bencher.bench_local(|| array.snapshot_into(black_box(&mut into)));
}
