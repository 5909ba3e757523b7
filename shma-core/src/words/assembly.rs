//! The copies in assembly of the processor at hand.

#[cfg(all(target_arch = "aarch64", not(any(loom, shma_tsan))))]
pub(super) use super::neon::{PAIR, load, store};
#[cfg(any(loom, shma_tsan, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub(super) use super::portable::{PAIR, load, store};
#[cfg(all(target_arch = "x86_64", not(any(loom, shma_tsan))))]
pub(super) use super::x86::{PAIR, load, store};
