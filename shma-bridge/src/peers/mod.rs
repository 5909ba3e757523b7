//! Bridges that come and go by themselves, for nodes without MPI: publish and gather.
//!
//! Each node sends the parts that it owns to all peers that it reaches, and repeats the newest after a
//! second of silence. There are no rounds, so no peer waits for another, and each may be killed alone.
//!
//! - [`wire`] is what carries messages: Zenoh, or whatever a test puts there.
//! - [`order`] decides which of two values is newer. It is pure.
//! - `share` is one unit of fields, `meeting` compares what peers were told, `bridge` is the loop.

mod bridge;
mod meeting;
mod message;
pub mod order;
mod share;
pub mod wire;
#[cfg(feature = "zenoh")]
mod zenoh;

pub use bridge::Peers;
pub use wire::{To, Wire};
#[cfg(feature = "zenoh")]
pub use zenoh::Zenoh;
