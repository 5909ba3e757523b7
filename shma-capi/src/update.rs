//! Read-modify-write of one field.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use shma_core::untyped::Held;

use crate::arguments::{place, reference, store, wait};
use crate::call::{call, ending};
use crate::fault::Fault;
use crate::field::shma_field;
use crate::memory::{Pair, Spare};

/// An update under way.
#[derive(Debug)]
#[allow(non_camel_case_types)]
pub struct shma_update {
    held: Held,
    first: usize,
    values: Pair,
    spare: Arc<Spare>,
}

/// Refuses what belongs to another thread, or to the process that this one was forked from.
pub(crate) fn check_own(what: &str, forked: bool, own: bool) -> Result<(), Fault> {
    if forked {
        let text = format!(
            "this {what} was begun before a fork, and goes on in the parent: open the region in the child"
        );
        return Err(Fault::new(libc::ECHILD, text));
    }
    if own {
        return Ok(());
    }
    let text = format!("this {what} belongs to the thread that began it: call from there");
    Err(Fault::new(libc::EPERM, text))
}

impl shma_update {
    fn check_own(&self) -> Result<(), Fault> {
        check_own("update", self.held.is_forked(), self.held.is_own())
    }
}

/// See the header.
///
/// # Safety
///
/// As the header says: promises 1 to 3 of the crate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_update_begin(
    field: *mut shma_field,
    timeout_ms: i64,
    new_value: *mut *mut c_void,
    old_value: *mut *const c_void,
    out: *mut *mut shma_update,
) -> c_int {
    // SAFETY: promise 1.
    call("shma_update_begin", || unsafe {
        begin(field, None, timeout_ms, new_value, old_value, out)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_update_begin`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_update_part_begin(
    field: *mut shma_field,
    first: usize,
    bytes: usize,
    timeout_ms: i64,
    new_value: *mut *mut c_void,
    old_value: *mut *const c_void,
    out: *mut *mut shma_update,
) -> c_int {
    // SAFETY: promise 1.
    call("shma_update_part_begin", || unsafe {
        begin(field, Some((first, bytes)), timeout_ms, new_value, old_value, out)
    })
}

/// # Safety
///
/// Promise 1.
unsafe fn begin(
    field: *mut shma_field,
    part: Option<(usize, usize)>,
    timeout_ms: i64,
    new_value: *mut *mut c_void,
    old_value: *mut *const c_void,
    out: *mut *mut shma_update,
) -> Result<c_int, Fault> {
    // SAFETY: as the caller promises.
    unsafe { store(out, std::ptr::null_mut()) };
    // SAFETY: as the caller promises.
    unsafe { store(new_value, std::ptr::null_mut()) };
    // SAFETY: as the caller promises.
    unsafe { store(old_value, std::ptr::null()) };
    // SAFETY: as the caller promises.
    let out = unsafe { place(out, "out") }?;
    // SAFETY: as the caller promises.
    let new_value = unsafe { place(new_value, "new_value") }?;
    // SAFETY: as the caller promises.
    let field = unsafe { reference(field, "field") }?;
    field.check_ordinary()?;
    let (first, bytes) = part.unwrap_or((0, field.field.size()));
    field.check_part(first, bytes)?;
    let wait = wait(timeout_ms)?;
    // Before the semaphore, so that it is not held meanwhile.
    let mut values = Pair::new(bytes, !old_value.is_null(), &field.spare)?;
    let held = field.field.hold(wait)?;
    values.fill(|new| held.load_part(first, new).map(drop))?;
    let spare = Arc::clone(&field.spare);
    let mut update = Box::new(shma_update { held, first, values, spare });
    let (new, old) = update.values.addresses();
    *new_value = new.cast();
    // SAFETY: as the caller promises.
    unsafe { store(old_value, old.cast()) };
    *out = Box::into_raw(update);
    Ok(0)
}

/// See the header.
///
/// # Safety
///
/// As [`shma_update_begin`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_update_commit(update: *mut shma_update, version: *mut u64) -> c_int {
    call("shma_update_commit", || {
        // SAFETY: promise 1.
        unsafe { reference(update, "update") }?.check_own()?;
        // SAFETY: promises 1 and 3: of a call that begins one, and not used again.
        let shma_update { held, first, values, spare } = *unsafe { Box::from_raw(update) };
        let published = held.publish_part(first, values.new_value());
        values.keep(&spare);
        // SAFETY: promise 1.
        unsafe { store(version, published?.into()) };
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_update_begin`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_update_abort(update: *mut shma_update) {
    ending("shma_update_abort", || {
        // SAFETY: promise 1.
        if unsafe { update.as_ref() }.is_some_and(|update| update.check_own().is_ok()) {
            // SAFETY: promises 1 and 3: of a call that begins one, and not used again.
            let shma_update { held, values, spare, .. } = *unsafe { Box::from_raw(update) };
            drop(held);
            values.keep(&spare);
        }
    });
}
