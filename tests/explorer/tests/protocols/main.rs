//! The protocols on the abstract machine, with a kill before every step, and faults it must find.

mod commit;
mod commit_faults;
mod dirty_ranges;
mod meeting;
mod owners;
mod slots;
mod waiting;
