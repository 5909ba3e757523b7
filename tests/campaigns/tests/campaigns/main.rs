//! The campaigns in their short forms, and faults of the library that each has to notice.

mod builds;
mod hostility;
mod instruction_counts;
mod linear_histories;
mod mutants;
mod short_forms;
mod values;
