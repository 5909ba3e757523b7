//! The campaigns in their short forms, faults of the library that each has to notice, and what needs
//! builds of its own.

mod builds;
mod holders;
mod hostility;
mod instruction_counts;
mod linear_histories;
mod mutants;
mod places;
mod platform;
mod short_forms;
#[cfg(target_arch = "x86_64")]
mod streams;
mod values;
