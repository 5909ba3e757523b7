//! `libshma`: what `include/shma.h` declares, which is its documentation.
//!
//! Each call of the header is one function here, in the file of what it is about. All of them go
//! through [`call`](call::call): no panic leaves the library, and every failure leaves a
//! [`message`]. What C passes becomes references in [`arguments`], and nowhere else.
//!
//! # What C promises
//!
//! 1. A pointer that is not `NULL` is to what its type says: a handle that this library has made and
//!    that is not freed, text that ends with a `NUL`, memory of the length that is passed with it.
//! 2. No other thread writes that memory during the call, or reads what the call writes.
//! 3. A call that frees a handle is the last one that is passed it.
//!
//! The header asks no more than this, so `SAFETY` comments here refer to it by these numbers.

#[cfg(panic = "abort")]
compile_error!(
    "a panic has to become an error code, so this library is built with panic = \"unwind\""
);

mod arguments;
mod atomic;
mod call;
mod declaration;
mod fault;
mod field;
mod kept;
mod memory;
mod message;
mod options;
mod reading;
mod snapshot;
mod spare;
mod state;
mod transaction;
mod update;
mod writing;

pub use atomic::*;
pub use declaration::*;
pub use field::*;
pub use message::shma_message;
pub use options::shma_options;
pub use reading::*;
pub use snapshot::shma_snapshot;
pub use state::*;
pub use transaction::*;
pub use update::*;
pub use writing::*;
