//! What is asked of the processor before one way to copy is preferred to another.
//!
//! `unsafe` here: an instruction.
#![allow(unsafe_code)]

use std::arch::x86_64::{__cpuid_count, CpuidResult};

/// What is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Processor {
    pub(crate) is_intel: bool,
    pub(crate) has_avx: bool,
    /// Whether it has AVX-512 that does not lower its clock.
    pub(crate) has_cheap_avx512: bool,
    /// Whether it says that `rep movsb` is fast.
    pub(crate) has_fast_strings: bool,
    /// Bytes of the second cache, which a core has for itself; 0 if it does not say.
    pub(crate) second_cache: usize,
}

impl Processor {
    /// This one.
    #[cold]
    pub(crate) fn here() -> Self {
        let is_intel = is_intel();
        Self {
            is_intel,
            has_avx: std::is_x86_feature_detected!("avx"),
            has_cheap_avx512: has_cheap_avx512(),
            has_fast_strings: std::is_x86_feature_detected!("ermsb"),
            second_cache: if is_intel { second_cache() } else { 0 },
        }
    }
}

/// Whether there is AVX-512 that does not slow the processor down. The first ones to have it, up to
/// Cascade Lake, lower their clock for it, and they lack VBMI2.
fn has_cheap_avx512() -> bool {
    std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512vbmi2")
}

/// What the processor says of itself under two numbers.
fn said(leaf: u32, number: u32) -> CpuidResult {
    // SAFETY: every x86-64 processor has the instruction.
    #[allow(unused_unsafe, reason = "the oldest compiler wants it")]
    unsafe {
        __cpuid_count(leaf, number)
    }
}

fn is_intel() -> bool {
    let first = said(0, 0);
    let name = [first.ebx, first.edx, first.ecx].map(u32::to_le_bytes);
    name.as_flattened() == b"GenuineIntel"
}

/// The second cache by leaf 4, which describes one cache at each of its numbers.
fn second_cache() -> usize {
    const LEAF: u32 = 4;
    /// More than any processor has.
    const MOST: u32 = 16;
    if said(0, 0).eax < LEAF {
        return 0;
    }
    for number in 0..MOST {
        let cache = said(LEAF, number);
        let (kind, level) = (cache.eax & 0x1F, cache.eax >> 5 & 7);
        if kind == 0 {
            break;
        }
        let part = |shift: u32, bits: u32| (cache.ebx >> shift & ((1 << bits) - 1)) as usize + 1;
        if level == 2 {
            return part(0, 12) * part(12, 10) * part(22, 10) * (cache.ecx as usize + 1);
        }
    }
    0
}
