//! Reading, and waiting for publications.

use std::ffi::{c_int, c_void};

use shma_core::Version;

use crate::arguments::{bytes_mut, duration, place, reference, store};
use crate::call::{call, quick};
use crate::fault::Fault;
use crate::field::shma_field;

/// See the header.
///
/// # Safety
///
/// As the header says: promises 1 to 3 of the crate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_read(
    field: *const shma_field,
    into: *mut c_void,
    bytes: usize,
    version: *mut u64,
) -> c_int {
    quick("shma_read", || {
        // SAFETY: promise 1.
        let field = unsafe { reference(field, "field") }?;
        field.check_whole(bytes)?;
        // SAFETY: promises 1 and 2.
        let read = field.field.read(unsafe { bytes_mut(into, bytes, "into") }?)?;
        // SAFETY: promise 1.
        unsafe { store(version, read.into()) };
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_read`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_read_part(
    field: *const shma_field,
    first: usize,
    into: *mut c_void,
    bytes: usize,
    version: *mut u64,
) -> c_int {
    quick("shma_read_part", || {
        // SAFETY: promise 1.
        let field = unsafe { reference(field, "field") }?;
        field.check_part(first, bytes)?;
        // SAFETY: promises 1 and 2.
        let read = field.field.read_part(first, unsafe { bytes_mut(into, bytes, "into") }?)?;
        // SAFETY: promise 1.
        unsafe { store(version, read.into()) };
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_read`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_try_read(
    field: *const shma_field,
    into: *mut c_void,
    bytes: usize,
    version: *mut u64,
) -> c_int {
    quick("shma_try_read", || {
        // SAFETY: promise 1.
        let field = unsafe { reference(field, "field") }?;
        field.check_whole(bytes)?;
        // SAFETY: promises 1 and 2.
        let read = field.field.try_read(unsafe { bytes_mut(into, bytes, "into") }?)?;
        // SAFETY: promise 1.
        unsafe { store(version, read.into()) };
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_read`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_version(field: *const shma_field, version: *mut u64) -> c_int {
    quick("shma_version", || {
        // SAFETY: promise 1.
        let version = unsafe { place(version, "version") }?;
        // SAFETY: promise 1.
        *version = unsafe { reference(field, "field") }?.field.version().into();
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_read`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_age_ns(field: *const shma_field, nanoseconds: *mut u64) -> c_int {
    quick("shma_age_ns", || {
        // SAFETY: promise 1.
        let nanoseconds = unsafe { place(nanoseconds, "nanoseconds") }?;
        // SAFETY: promise 1.
        let field = unsafe { reference(field, "field") }?;
        let age = field.field.age().ok_or_else(|| {
            Fault::invalid(format!(
                "{field} is atomic, and notes no time of its changes: count them by shma_version"
            ))
        })?;
        *nanoseconds = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_read`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_wait_newer(
    field: *const shma_field,
    since: u64,
    timeout_ms: i64,
    version: *mut u64,
) -> c_int {
    call("shma_wait_newer", || {
        // SAFETY: promise 1.
        let field = unsafe { reference(field, "field") }?;
        let timeout = duration(timeout_ms, "timeout_ms")?;
        let newer = field.field.wait_newer(Version::from(since), timeout)?;
        // SAFETY: promise 1.
        unsafe { store(version, newer.into()) };
        Ok(0)
    })
}
