//! A typed state store in shared memory for processes on one machine.
#![deny(missing_docs)]
#![deny(unsafe_code)]
#![cfg_attr(
    loom,
    allow(dead_code, reason = "only the protocols are compiled, and only models use them")
)]

#[cfg(not(loom))]
mod access;
#[cfg(not(loom))]
mod array;
#[cfg(not(loom))]
mod atomic;
#[cfg(not(loom))]
mod bounds;
#[cfg(not(loom))]
mod cells;
#[cfg(not(loom))]
mod field;
#[cfg(not(loom))]
mod handles;
#[cfg(not(loom))]
mod header;
#[cfg(not(loom))]
mod held;
#[cfg(not(loom))]
mod manifest;
#[cfg(not(loom))]
mod partition;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod private;
#[cfg(not(loom))]
mod region;
#[cfg(not(loom))]
mod scratch;
#[cfg(not(loom))]
mod shm;
#[cfg(not(loom))]
mod state;
#[cfg(not(loom))]
mod token;
#[cfg(not(loom))]
mod transaction;
#[cfg(not(loom))]
mod version;

mod commit;
mod control;
#[cfg(not(loom))]
mod element;
#[cfg(not(loom))]
mod error;
mod layout;
mod mutant;
mod notify;
mod os;
mod semaphore;
mod slots;
mod stop;
mod sync;
mod words;

#[cfg(all(test, loom))]
mod models;

pub use bytemuck;
pub use shma_derive::{ShmElement, ShmState};
#[cfg(not(loom))]
pub use {
    access::{Access, ReadOnly, ReadWrite},
    atomic::Atomic,
    element::{AtomicElement, AtomicNumber, Element, ElementType, OfScalar, StructField},
    error::{Error, Holder, Place},
    field::Field,
    handles::{Handles, Muts},
    manifest::{FieldManifest, Manifest},
    shm::{Options, Shm, ShmState},
    state::{Family, Refs},
    version::Version,
};
