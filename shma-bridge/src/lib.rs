//! Mirrors fields of `shma-core` states between machines. Programs stay as they are: each node has its own
//! region, and one bridge process for each node carries declared fields from one to the other.
//!
//! A [`Bridge`] makes rounds over an [`Engine`](engine::Engine). In each, all nodes say how they stand, all
//! decide the same, values move, and each node publishes what has arrived. What is decided is in
//! [`protocol`], which is pure. All that outlives a bridge is in the regions, so bridges may die and start
//! again at any time.
//!
//! [`peers`] are bridges without MPI, which come and go by themselves, for publish and gather.
//!
//! How to install and start the command, what is promised and what is not: `README.md`.
#![deny(missing_docs)]
#![deny(unsafe_code)]

mod board;
mod bridge;
pub mod engine;
mod error;
mod hello;
mod home;
mod mean;
mod part;
mod patience;
pub mod peers;
pub mod protocol;
mod publishing;
pub mod rules;
mod settings;
mod unit;

pub use bridge::{Bridge, Moved};
pub use error::{Error, say};
pub use settings::{PART, Settings};
