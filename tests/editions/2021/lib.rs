//! Names that are keywords in a later edition, and documentation that a derive repeats.
#![allow(non_camel_case_types)]
#![deny(rustdoc::all)]

use shma_core::{ShmElement, ShmState};

/// Which one.
#[derive(Debug, Clone, Copy, ShmElement)]
#[repr(C)]
pub struct gen {
    /// A number.
    pub gen: u64,
}

/// A model of [`ROWS`](Self::ROWS) rows.
#[derive(ShmState)]
pub struct Model {
    /// As many rows as [`Self::ROWS`] says, in words [`Model::ROWS`](Self::ROWS), of which
    /// [`Self`] has one [row](Self::row()) each; see [the list][rows] and [`bias`](Self::bias).
    ///
    /// [rows]: Self::ROWS
    pub weights: [f32; 4],
    #[doc = concat!("Beside [`Self::", "weights`].")]
    pub bias: [f32; 4],
    /** In more than one line,
    with [`Self::row`]. */
    #[shm(no_merge)]
    pub gen: gen,
}

impl Model {
    /// How many.
    pub const ROWS: usize = 4;

    /// One of them.
    pub fn row(&self) -> f32 {
        self.weights[0]
    }
}

/// As the state is called.
#[allow(non_snake_case)]
pub fn Model() {}

/// Here the usual name is taken.
#[derive(Debug)]
pub struct OtherFields {
    /// What they are called.
    pub names: Vec<String>,
}

/// Its mirror has another name.
#[derive(ShmState)]
#[shm(fields = "Handles")]
pub struct Other {
    /// The only one.
    #[shm(name = "layers.0.weight")]
    pub weight: f32,
}
