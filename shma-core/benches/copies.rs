//! The ways to copy, side by side: where one becomes faster than the other decides which of them
//! the library takes for which size (`src/words/x86.rs`; the page `docs::performance` has the table
//! of one machine).
//!
//! ```sh
//! cargo bench -p shma-core --bench copies
//! ```
//!
//! Each copies from private memory to four places in shared memory in turn, as a writer does. Their
//! letters keep them in the order of the table.
//!
//! `unsafe` here: the primitives of the library, and one that it has no use for.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
#[path = "../src/words/x86.rs"]
#[allow(dead_code, reason = "the choice among them is not what is compared")]
mod x86;

fn main() {
    #[cfg(target_arch = "x86_64")]
    divan::main();
    #[cfg(not(target_arch = "x86_64"))]
    eprintln!("there is one way to copy on this kind of processor");
}

#[cfg(target_arch = "x86_64")]
mod ways {
    use std::arch::x86_64::{_mm_sfence, _mm512_loadu_si512, _mm512_stream_si512};
    use std::fs::File;
    use std::hint::black_box;
    use std::sync::atomic::{AtomicU64, Ordering};

    use divan::{Bencher, counter::BytesCount};
    use memmap2::{MmapMut, MmapOptions};
    use rustix::fs::{MemfdFlags, memfd_create};

    use crate::x86;

    /// 64 B to 64 MiB.
    const SIZES: [usize; 11] = [
        64,
        256,
        1 << 10,
        4 << 10,
        16 << 10,
        32 << 10,
        64 << 10,
        256 << 10,
        1 << 20,
        4 << 20,
        64 << 20,
    ];

    /// Places that are written in turn.
    const PLACES: usize = 4;

    /// `copy` gets where to, where from, and how many bytes: the value's size, for which both are
    /// good, aligned to pages, and apart from each other.
    fn compare(bencher: Bencher<'_, '_>, len: usize, copy: impl Fn(*mut u8, *const u8, usize)) {
        let mut places = shared(PLACES * len);
        let from = vec![1_u64; len / 8];
        let mut turn = 0;
        bencher.counter(BytesCount::new(len)).bench_local(|| {
            turn = (turn + 1) % PLACES;
            let to = places[turn * len..][..len].as_mut_ptr();
            copy(black_box(to), black_box(&from).as_ptr().cast(), black_box(len));
        });
    }

    /// Memory that could be shared, all of it touched.
    fn shared(len: usize) -> MmapMut {
        let file = memfd_create("copies", MemfdFlags::CLOEXEC).expect("a file in memory");
        let file = File::from(file);
        file.set_len(len as u64).expect("room in memory");
        // SAFETY: nobody else has the file.
        let mut map = unsafe { MmapOptions::new().map_mut(&file) }.expect("a mapping");
        map.fill(0);
        map
    }

    #[divan::bench(args = SIZES)]
    fn a_memcpy(bencher: Bencher<'_, '_>, len: usize) {
        // SAFETY: as `compare` promises; so in all that follow.
        compare(bencher, len, |to, from, len| unsafe { to.copy_from_nonoverlapping(from, len) });
    }

    #[divan::bench(args = SIZES)]
    fn b_words(bencher: Bencher<'_, '_>, len: usize) {
        compare(bencher, len, |to, from, len| {
            let (to, from) = (to.cast::<u64>(), from.cast::<u64>());
            for word in 0..len / 8 {
                // SAFETY: within the value, as above.
                let to = unsafe { AtomicU64::from_ptr(to.wrapping_add(word)) };
                // SAFETY: as above.
                to.store(unsafe { *from.wrapping_add(word) }, Ordering::Relaxed);
            }
        });
    }

    /// Whole steps in one way, and what is left by 16 bytes, as the library does.
    ///
    /// # Safety
    ///
    /// As [`x86::store`], and the processor can do it.
    unsafe fn in_steps(
        way: unsafe fn(*mut u8, *const u8, usize),
        to: *mut u8,
        from: *const u8,
        len: usize,
    ) {
        let whole = len - len % x86::STEP;
        // SAFETY: as the caller promises for more.
        unsafe { way(to, from, whole) };
        // SAFETY: as the caller promises; what is left.
        unsafe { x86::pairs(to.wrapping_add(whole), from.wrapping_add(whole), len - whole) };
    }

    #[divan::bench(args = SIZES)]
    fn c_16_bytes(bencher: Bencher<'_, '_>, len: usize) {
        // SAFETY: as above.
        compare(bencher, len, |to, from, len| unsafe { in_steps(x86::sse2, to, from, len) });
    }

    #[divan::bench(args = SIZES)]
    fn d_32_bytes(bencher: Bencher<'_, '_>, len: usize) {
        if !std::is_x86_feature_detected!("avx") {
            return;
        }
        // SAFETY: as above; AVX was detected.
        compare(bencher, len, |to, from, len| unsafe { in_steps(x86::avx, to, from, len) });
    }

    #[divan::bench(args = SIZES)]
    fn e_64_bytes(bencher: Bencher<'_, '_>, len: usize) {
        if !x86::has_cheap_avx512() {
            return;
        }
        // SAFETY: as above; AVX-512 was detected.
        compare(bencher, len, |to, from, len| unsafe { in_steps(x86::avx512, to, from, len) });
    }

    #[divan::bench(args = SIZES)]
    fn f_rep_movsb(bencher: Bencher<'_, '_>, len: usize) {
        // SAFETY: as above.
        compare(bencher, len, |to, from, len| unsafe { x86::strings(to, from, len) });
    }

    #[divan::bench(args = SIZES)]
    fn g_64_bytes_non_temporal(bencher: Bencher<'_, '_>, len: usize) {
        if !std::is_x86_feature_detected!("avx512f") {
            return;
        }
        // SAFETY: as above; AVX-512 was detected.
        compare(bencher, len, |to, from, len| unsafe { non_temporal(to, from, len) });
    }

    /// By stores that pass the caches by, and the fence that they need.
    ///
    /// # Safety
    ///
    /// `from` can be read and `to` written for `len` bytes, a multiple of 64, to which `to` is
    /// aligned; the processor has AVX-512.
    #[target_feature(enable = "avx512f")]
    unsafe fn non_temporal(to: *mut u8, from: *const u8, len: usize) {
        for at in (0..len).step_by(64) {
            // SAFETY: inside, as the caller promises.
            let line = unsafe { _mm512_loadu_si512(from.wrapping_add(at).cast()) };
            // SAFETY: as above.
            unsafe { _mm512_stream_si512(to.wrapping_add(at).cast(), line) };
        }
        _mm_sfence();
    }

    #[divan::bench(args = SIZES)]
    fn h_as_chosen(bencher: Bencher<'_, '_>, len: usize) {
        // SAFETY: as above; every size is a multiple of 16.
        compare(bencher, len, |to, from, len| unsafe { x86::store(to, from, len) });
    }
}
