//! The abstract machine itself: what it allows, forbids, reduces and reports.

mod kernel;
mod memory_model;
mod reduction;
mod verdicts;
