//! Names that are keywords in later editions.
#![allow(non_upper_case_globals)]

use shma_core::ShmState;

/// One.
#[derive(ShmState)]
pub struct Population<const gen: usize> {
    /// A name, and a length.
    pub gen: [f32; gen],
}
