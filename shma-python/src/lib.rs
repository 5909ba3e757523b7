//! The part of the package `shma` that touches shared memory. What needs no speed and no pointers is in
//! Python, in `python/shma`.
//!
//! No value is a view of shared memory. Arrays that other threads of the interpreter may change are read
//! and written by raw pointers. No call waits for a semaphore with the interpreter's lock held.

mod array;
mod base;
mod blend;
mod core;
mod errors;
mod field;
mod limit;
mod load;
mod seconds;
mod snapshot;
mod transaction;
mod types;
mod update;
mod waiter;
mod writing;

use pyo3::prelude::*;

/// The library under the package `shma`.
#[pymodule]
mod _shma {
    #[pymodule_export]
    use super::base::FieldBase;
    #[pymodule_export]
    use super::core::{Core, create, names, open, reopen, unlink};
    #[pymodule_export]
    use super::load::load;
    #[pymodule_export]
    use super::snapshot::snapshot;
    #[pymodule_export]
    use super::transaction::Begun;
    #[pymodule_export]
    use super::waiter::Waiter;
    #[pymodule_export]
    use super::writing::Writing;
}
