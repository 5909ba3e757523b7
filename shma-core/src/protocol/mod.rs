//! The protocols between processes, each on the words that it is given: a region's, or a model's. And
//! those between threads that free what they share.
//!
//! [`models`] runs this code under loom, which is why nothing here knows of files, mappings or
//! types.
//!
//! | module | protocol |
//! |---|---|
//! | [`slots`] | publishes a value, and reads it without a lock |
//! | [`semaphore`] | excludes writers of one field from each other, and replaces a dead one |
//! | [`commit`] | publishes several fields as one, and completes what a dead committer left |
//! | [`snapshot`] | reads several fields as they stood at one instant |
//! | [`notify`] | wakes the waiters for a publication |
//! | [`wait_list`] | lets one thread wait for all the futures of a process |
//! | [`mailbox`] | leaves a thread what others have ended for it |
//! | [`lease`] | lends a block, which outlives its lender |
//! | [`call_counters`] | stands in for versions where a field has no semaphore |
//!
//! [`control`] is the block of words that they share, and [`layout`] says where everything lies.

pub(crate) mod call_counters;
pub(crate) mod commit;
pub(crate) mod control;
pub(crate) mod layout;
pub(crate) mod lease;
pub(crate) mod mailbox;
pub(crate) mod notify;
pub(crate) mod semaphore;
pub(crate) mod slots;
pub(crate) mod snapshot;
pub(crate) mod wait_list;

#[cfg(all(test, loom))]
mod models;
