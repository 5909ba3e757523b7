//! Copies of a few times 16 bytes, in place.
//!
//! `unsafe` here: assembly.
#![allow(unsafe_code)]

use std::arch::asm;

/// What the smallest move takes; every length is a multiple of it.
pub(crate) const PAIR: usize = 16;

/// As [`super::load`], by 16-byte moves, without a call and, for a known length, without a branch.
///
/// # Safety
///
/// As [`super::load`] and [`super::store`].
#[inline]
pub(crate) unsafe fn pairs(to: *mut u8, from: *const u8, len: usize) {
    let quads = len - len % (4 * PAIR);
    let mut first = 0;
    while first < quads {
        // SAFETY: moves the 64 bytes from `first` on, which are inside, since `quads` is at most
        // `len` and a multiple of 64.
        unsafe {
            asm!(
                "movdqu {a}, [{from} + {first}]",
                "movdqu {b}, [{from} + {first} + 16]",
                "movdqu {c}, [{from} + {first} + 32]",
                "movdqu {d}, [{from} + {first} + 48]",
                "movdqu [{to} + {first}], {a}",
                "movdqu [{to} + {first} + 16], {b}",
                "movdqu [{to} + {first} + 32], {c}",
                "movdqu [{to} + {first} + 48], {d}",
                a = out(xmm_reg) _,
                b = out(xmm_reg) _,
                c = out(xmm_reg) _,
                d = out(xmm_reg) _,
                from = in(reg) from,
                to = in(reg) to,
                first = in(reg) first,
                options(nostack, preserves_flags),
            );
        }
        first += 4 * PAIR;
    }
    while first < len {
        // SAFETY: moves the 16 bytes from `first` on, which are inside, since `len` is a multiple
        // of 16.
        unsafe {
            asm!(
                "movdqu {pair}, [{from} + {first}]",
                "movdqu [{to} + {first}], {pair}",
                pair = out(xmm_reg) _,
                from = in(reg) from,
                to = in(reg) to,
                first = in(reg) first,
                options(nostack, preserves_flags),
            );
        }
        first += PAIR;
    }
}
