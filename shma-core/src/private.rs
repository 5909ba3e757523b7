//! Paths for generated code, and nothing else. No part of the public interface.

pub use ::core;
pub use bytemuck::{Pod, Zeroable};

pub use crate::manifest::element::{AtomicElement, Element, ElementType, OfScalar, StructField};
pub use crate::manifest::{FieldSpec, Manifest, check_pin, lay_out};
pub use crate::os::Uncancelled;
pub use crate::protocol::lease::{Block, Lease, Lender};
pub use crate::state::declared::{Declared, declared};
pub use crate::state::family::{Build, Family, Merge, Refs, State, Uniform, Values, Zip};
pub use static_assertions::{const_assert, const_assert_eq};

#[cfg(shma_count)]
pub use crate::words::take_copied;
