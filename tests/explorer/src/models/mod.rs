//! The protocols of `shma-core` as programs of the abstract machine, each with its wrong variants.

pub mod commit;
pub mod dirty_ranges;
pub mod meeting;
pub mod owners;
pub mod semaphore;
mod sleepers;
pub mod slots;
pub mod waiting;
