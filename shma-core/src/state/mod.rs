//! The state as a whole: creating it, attaching to it, and calls over all its fields.
//!
//! | module | holds |
//! |---|---|
//! | [`declaration`] | [`ShmState`], which every derived struct is |
//! | [`mod@options`] | how a region is made or opened |
//! | [`shm`] | [`Shm`], the handle |
//! | `checkpoint` | values to a file and back |
//! | `notes` | what the creator has noted |
//! | `migrate` | values of another layout |
//! | [`choice`] | transactions and snapshots of a choice of fields |
//! | [`transaction`] | several fields as one |
//! | [`mod@snapshot`] | fields as they stood together at one instant |
//! | [`direct`] | the same fields by their types: the first attempt at a snapshot |
//! | [`part`] | what takes part in those two: a partition, and private bytes |
//! | [`family`] | what the derive tells the library, and the families its fields come in |
//! | [`handles`] | the families of handles to shared memory |
//! | [`declared`] | ties what a derive lists to the struct as it really is |

mod checkpoint;
mod choice;
mod declaration;
pub(crate) mod declared;
mod direct;
pub(crate) mod family;
mod handles;
mod migrate;
mod notes;
mod options;
pub(crate) mod part;
mod shm;
pub(crate) mod snapshot;
pub(crate) mod transaction;

pub use choice::Choice;
pub use declaration::ShmState;
pub use family::{Family, Refs, Uniform};
pub use handles::{Handles, Muts};
pub use options::Options;
pub use shm::Shm;
