//! Names that are keywords in later editions, in the places that a derive reads.
#![allow(non_camel_case_types, non_upper_case_globals)]

pub extern crate shma_core;

use shma_core::{ShmElement, ShmState};

/// How many.
pub const try: usize = 3;

/// A struct with such a name, and a member with one.
#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
pub struct async {
    /// A member.
    pub dyn: u64,
}

/// Fields with such names, types and lengths.
#[derive(ShmState)]
pub struct Odd {
    /// A type with such a name.
    #[shm(no_merge)]
    pub async: [async; try],
    /// As [`Self::try`].
    pub await: u64,
    /// The last one.
    pub dyn: [u64; try],
    pub(crate) gen: u64,
    /// A path that starts at the crate.
    pub try: [u64; ::try],
}

impl Odd {
    /// The next one.
    pub fn next(&self) -> u64 {
        self.gen + 1
    }
}

/// Declares a state in the edition of this crate, wherever it is used.
#[macro_export]
macro_rules! declare {
    ($name:ident) => {
        #[derive($crate::shma_core::ShmState)]
        #[shm(crate = $crate::shma_core)]
        struct $name {
            async: u32,
            gen: u32,
        }
    };
}
