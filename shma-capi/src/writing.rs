//! Replacing values.

use std::ffi::{c_int, c_void};

use crate::arguments::{bytes as bytes_of, reference, store, wait};
use crate::call::quick;
use crate::field::shma_field;

/// See the header.
///
/// # Safety
///
/// As the header says: promises 1 to 3 of the crate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_write(
    field: *mut shma_field,
    value: *const c_void,
    bytes: usize,
    timeout_ms: i64,
    version: *mut u64,
) -> c_int {
    quick("shma_write", || {
        // SAFETY: promise 1.
        let field = unsafe { reference(field, "field") }?;
        field.check_whole(bytes)?;
        // SAFETY: promises 1 and 2.
        let value = unsafe { bytes_of(value, bytes, "value") }?;
        let written = field.field.write(value, wait(timeout_ms)?)?;
        // SAFETY: promise 1.
        unsafe { store(version, written.into()) };
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_write`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_write_part(
    field: *mut shma_field,
    first: usize,
    value: *const c_void,
    bytes: usize,
    timeout_ms: i64,
    version: *mut u64,
) -> c_int {
    quick("shma_write_part", || {
        // SAFETY: promise 1.
        let field = unsafe { reference(field, "field") }?;
        field.check_ordinary()?;
        field.check_part(first, bytes)?;
        // SAFETY: promises 1 and 2.
        let value = unsafe { bytes_of(value, bytes, "value") }?;
        let written = field.field.write_part(first, value, wait(timeout_ms)?)?;
        // SAFETY: promise 1.
        unsafe { store(version, written.into()) };
        Ok(0)
    })
}
