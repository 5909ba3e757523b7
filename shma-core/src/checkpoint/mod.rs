//! Values of a state in a file of their own: `.safetensors`, which numpy, PyTorch, JAX, candle and burn read.
//!
//! Nothing here knows types or regions: a manifest and bytes come in, and go out. So typed and untyped
//! callers share it.
//!
//! | module | holds |
//! |---|---|
//! | [`tensor`] | how a type stands in the format, which knows numbers only |
//! | [`header`] | the text at the start of a file, written and validated |
//! | [`save`] | writes all fields of one instant |
//! | [`replacement`] | a file that takes another one's name once it is complete |
//! | [`saved`] | a file that is read |
//! | [`fit`] | which tensor is which field of a declaration |
//!
//! # The file
//!
//! ```text
//! 0    length of the header, u64, little-endian
//! 8    the header: JSON, padded with spaces to a multiple of 8
//!      {"__metadata__": {"shma.manifest": "..", "shma.versions": ".."},
//!       "weights": {"dtype": "F32", "shape": [16, 64], "data_offsets": [0, 4096]}, ..}
//! ..   the values, those of wide numbers first, so that each lies at a multiple of its size
//! ```
//!
//! `shma.manifest` is the text that lies in the region, notes included. `shma.versions` is a JSON object of
//! the publication that each value is of. A file without them loads as well.

mod fit;
mod header;
mod replacement;
mod save;
mod saved;
mod tensor;

pub(crate) use save::{Content, save};
pub use saved::{Checkpoint, Tensor};
