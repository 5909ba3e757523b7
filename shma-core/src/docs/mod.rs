//! How it works, what it promises and what it costs: pages without code.
//!
//! | page | answers |
//! |---|---|
//! | [`recipes`] | how to build what users build most, as programs that run |
//! | [`restart`] | what to call at start, what outlives a run, and what stays at the end |
//! | [`layout`] | which byte of a region means what, for tools that do not have the struct |
//! | [`consistency`] | why no value is mixed, why a snapshot is a cut, why a death loses nothing |
//! | [`crash`] | what lies in memory if a process dies at a given step, and who mends it |
//! | [`memory_model`] | which atomic access meets which, and which fault shows without it |
//! | [`security`] | who can do what to whom |
//! | [`performance`] | what each call costs |
//! | [`limitations`] | what it does not do |
//!
//! Words used throughout:
//!
//! - *Region*: a file in `/dev/shm`, or in another directory, that holds one state.
//! - *Partition*: the part of a region that belongs to one field: control block and slots.
//! - *Publication*: the act that makes a new value of a field the current one. Publications of a
//!   field are counted; the count is its version.
//! - *Slot*: room for one value. A field has K of them, and publication `n` lies in slot `n % K`.
//! - *Active slot*: the slot of the latest publication.
//! - *Semaphore*: lets one writer at a time into a partition. *Holder*: that writer.
//! - *Attachment*: a process's access to a region, by a handle [`Shm`](crate::Shm). A process may
//!   have several to one region. *Owner*: an attachment that may write.
//! - *User*: the one whom a region's file belongs to, in every text. In names of the API, `ForeignOwner` and
//!   `allow_owner`, the word of the file system stands for it.
//! - *Peer*: another process that has the region mapped.

pub mod consistency;
pub mod crash;
pub mod layout;
pub mod limitations;
pub mod memory_model;
pub mod performance;
pub mod recipes;
pub mod restart;
pub mod security;
