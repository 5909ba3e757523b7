//! States without the struct: declared, opened, read and written by programs that learn at run time
//! what is in them. The bindings for C and Python stand on this, and so does the command `shma`.
//!
//! ```
//! use shma_core::ShmState;
//! use shma_core::untyped::{self, Attributes, Declaration, Wait};
//!
//! #[derive(ShmState)]
//! struct Model {
//!     weights: [[f32; 4]; 2],
//!     #[shm(timed)]
//!     step: u64,
//! }
//! # let name = format!("doc-untyped-{}", std::process::id());
//! # let name = name.as_str();
//!
//! let mut declaration = Declaration::new("Model")?;
//! declaration.field("weights", "[[f32; 4]; 2]".parse()?, Attributes::new())?;
//! declaration.field("step", "u64".parse()?, Attributes::new().timed())?;
//! let state = untyped::options().create(name, &declaration)?;
//!
//! // The same bytes as the derive makes: another program opens it by its struct.
//! let model = Model::open(name)?;
//! model.step.write(&7);
//!
//! let step = state.field("step")?;
//! let mut bytes = [0; 8];
//! step.read(&mut bytes)?;
//! assert_eq!(u64::from_ne_bytes(bytes), 7);
//!
//! // Exclusive: no borrow and no closure, so that it can live in a `with` block or behind a pointer.
//! let held = step.hold(Wait::Forever)?;
//! held.load(&mut bytes)?;
//! let next = u64::from_ne_bytes(bytes) + 1;
//! let version = held.publish(&next.to_ne_bytes())?;
//! assert_eq!((model.step.read(), u64::from(version)), (8, 3));
//! # Ok::<(), shma_core::Error>(())
//! ```
//!
//! # Values
//!
//! A value is its bytes, in C order and the machine's byte order, as many as its type has.
//! [`inspect::Elements`](crate::inspect::Elements) says what they mean. Memory that a closure gets is
//! aligned to 16 bytes.
//!
//! # Errors
//!
//! Everything that can go wrong is an [`Error`](crate::Error): a wrong size, a field that is not there,
//! a handle that may only read, a thread that holds the semaphore already. Nothing here panics, unless
//! a closure does or memory runs out.
//!
//! # What it costs
//!
//! A read or a write costs what it costs a typed handle, from 4 KiB on; below, up to 10 ns more, because
//! sizes are not known at compile time. An update costs some 50 ns more, up to 4 KiB. [`Field::update`]
//! keeps its two buffers for the next one.

mod atomic;
mod bounds;
mod buffer;
mod checkpoint;
mod declaration;
mod field;
mod held;
mod migrate;
mod numbers;
mod options;
mod state;
mod transaction;
mod wait;

pub use atomic::Fetch;
pub use declaration::{Attributes, Declaration};
pub use field::Field;
pub use held::Held;
pub use options::{Untyped, options};
pub use state::State;
pub use transaction::Transaction;
pub use wait::Wait;

pub use crate::manifest::{Number, Scalar, Struct, Type};
