//! The state as a whole: creating it, attaching to it, and calls over all its fields.
//!
//! | module | holds |
//! |---|---|
//! | [`declaration`] | [`ShmState`], which every derived struct is |
//! | [`mod@options`] | how a region is made or opened |
//! | [`shm`] | [`Shm`], the handle |
//! | `notes` | what the creator has noted |
//! | [`transaction`] | several fields as one, and snapshots |
//! | [`family`] | what the derive tells the library, and the families its fields come in |
//! | [`handles`] | the families of handles to shared memory |
//! | [`declared`] | ties what a derive lists to the struct as it really is |

mod declaration;
pub(crate) mod declared;
pub(crate) mod family;
mod handles;
mod notes;
mod options;
mod shm;
pub(crate) mod transaction;

pub use declaration::ShmState;
pub use family::{Family, Refs, Uniform};
pub use handles::{Handles, Muts};
pub use options::Options;
pub use shm::Shm;
