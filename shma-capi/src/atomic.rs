//! The numbers of atomic fields.

use std::ffi::{c_int, c_void};

use shma_core::untyped::{Fetch, Number};

use crate::arguments::{bytes, bytes_mut, reference};
use crate::call::quick;
use crate::fault::Fault;
use crate::field::shma_field;

/// Bytes of the largest number.
const LARGEST: usize = 16;

impl shma_field {
    /// Bytes of a number.
    fn number_bytes(&self) -> Result<usize, Fault> {
        match self.field.number() {
            Some(number) if self.field.is_atomic() => Ok(Number::size(number)),
            _ => Err(Fault::invalid(format!(
                "{self} is not atomic, and this call is for numbers of atomic fields: use shma_read, \
                 shma_write and shma_update_begin, or declare it with SHMA_ATOMIC"
            ))),
        }
    }
}

/// A number of the caller's, as a copy: `before` may be the same memory.
///
/// # Safety
///
/// Promises 1 and 2.
unsafe fn number(at: *const c_void, size: usize) -> Result<[u8; LARGEST], Fault> {
    let mut copy = [0; LARGEST];
    // SAFETY: as the caller promises.
    copy[..size].copy_from_slice(unsafe { bytes(at, size, "value") }?);
    Ok(copy)
}

/// See the header.
///
/// # Safety
///
/// As the header says: promises 1 to 3 of the crate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_load(
    field: *const shma_field,
    index: usize,
    value: *mut c_void,
) -> c_int {
    quick("shma_load", || {
        // SAFETY: promise 1.
        let field = unsafe { reference(field, "field") }?;
        let size = field.number_bytes()?;
        // SAFETY: promises 1 and 2.
        field.field.load_number(index, unsafe { bytes_mut(value, size, "value") }?)?;
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_load`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_store(
    field: *mut shma_field,
    index: usize,
    value: *const c_void,
) -> c_int {
    quick("shma_store", || {
        // SAFETY: promise 1.
        let field = unsafe { reference(field, "field") }?;
        let size = field.number_bytes()?;
        // SAFETY: promises 1 and 2.
        let value = unsafe { number(value, size) }?;
        field.field.store_number(index, &value[..size])?;
        Ok(0)
    })
}

/// # Safety
///
/// Promises 1 and 2.
unsafe fn fetch(
    name: &str,
    what: Fetch,
    (field, index): (*mut shma_field, usize),
    value: *const c_void,
    before: *mut c_void,
) -> c_int {
    quick(name, || {
        // SAFETY: as the caller promises.
        let field = unsafe { reference(field, "field") }?;
        let size = field.number_bytes()?;
        // SAFETY: as the caller promises.
        let value = unsafe { number(value, size) }?;
        let mut old = [0; LARGEST];
        field.field.fetch(what, index, &value[..size], &mut old[..size])?;
        if !before.is_null() {
            // SAFETY: as the caller promises.
            unsafe { bytes_mut(before, size, "before") }?.copy_from_slice(&old[..size]);
        }
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_load`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_fetch_add(
    field: *mut shma_field,
    index: usize,
    value: *const c_void,
    before: *mut c_void,
) -> c_int {
    // SAFETY: promises 1 and 2.
    unsafe { fetch("shma_fetch_add", Fetch::Add, (field, index), value, before) }
}

/// See the header.
///
/// # Safety
///
/// As [`shma_load`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_fetch_max(
    field: *mut shma_field,
    index: usize,
    value: *const c_void,
    before: *mut c_void,
) -> c_int {
    // SAFETY: promises 1 and 2.
    unsafe { fetch("shma_fetch_max", Fetch::Max, (field, index), value, before) }
}

/// See the header.
///
/// # Safety
///
/// As [`shma_load`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_fetch_min(
    field: *mut shma_field,
    index: usize,
    value: *const c_void,
    before: *mut c_void,
) -> c_int {
    // SAFETY: promises 1 and 2.
    unsafe { fetch("shma_fetch_min", Fetch::Min, (field, index), value, before) }
}
