//! Read-modify-write of one field.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;

use shma_core::private::{Block, Lease};

use crate::arguments::{place, reference, store, wait};
use crate::call::{ending, quick};
use crate::fault::Fault;
use crate::field::shma_field;
use crate::kept::{Update, over};

/// An update under way.
#[allow(non_camel_case_types)]
pub type shma_update = Block<Update>;

/// Refuses what belongs to another thread, or to the process that this one was forked from.
#[inline]
pub(crate) fn check_own(what: &str, forked: bool, own: bool) -> Result<(), Fault> {
    if !forked && own { Ok(()) } else { Err(not_own(what, forked)) }
}

#[cold]
fn not_own(what: &str, forked: bool) -> Fault {
    if forked {
        let text = format!(
            "this {what} was begun before a fork, and goes on in the parent: open the region in the child"
        );
        return Fault::new(libc::ECHILD, text);
    }
    let text = format!("this {what} belongs to the thread that began it: call from there");
    Fault::new(libc::EPERM, text)
}

/// Refuses what this thread may not end, and returns it otherwise.
///
/// # Safety
///
/// Promises 1 and 3.
#[inline(always)]
unsafe fn own(update: *mut shma_update) -> Result<Lease<Update>, Fault> {
    let block = NonNull::new(update).ok_or_else(|| Fault::null("update"))?;
    // SAFETY: as the caller promises.
    let open = unsafe { block.as_ref() };
    // SAFETY: as the caller promises.
    let held = unsafe { open.lent() }.and_then(|update| update.held.as_ref());
    let Some(held) = held else {
        return Err(Fault::invalid("this update is over: begin another one"));
    };
    check_own("update", held.is_forked(), held.is_own())?;
    // SAFETY: as the caller promises: of a call that begins one, and not used again.
    Ok(unsafe { Lease::from_raw(block) })
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
    quick("shma_update_begin", || unsafe {
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
    quick("shma_update_part_begin", || unsafe {
        begin(field, Some((first, bytes)), timeout_ms, new_value, old_value, out)
    })
}

/// # Safety
///
/// Promise 1.
#[inline(always)]
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
    let mut update = field.spare.take(Update::new);
    // Before the semaphore, so that it is not held meanwhile.
    update.values.prepare(bytes, !old_value.is_null())?;
    let handle = update.handle.take().unwrap_or_else(|| field.field.clone());
    // Where it stays: what is moved in other pieces waits for the cache.
    match handle.into_held(wait) {
        Ok(held) => update.held = Some(held),
        Err((handle, error)) => {
            update.handle = Some(handle);
            return Err(error.into());
        }
    }
    if let Err(error) = update.load(first) {
        update.held = None;
        return Err(error.into());
    }
    let (new, old) = update.values.addresses();
    *new_value = new.cast();
    // SAFETY: as the caller promises.
    unsafe { store(old_value, old.cast()) };
    *out = update.into_raw();
    Ok(0)
}

/// See the header.
///
/// # Safety
///
/// As [`shma_update_begin`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_update_commit(update: *mut shma_update, version: *mut u64) -> c_int {
    quick("shma_update_commit", || {
        // SAFETY: promises 1 and 3.
        let mut update = unsafe { own(update) }?;
        let Some(held) = update.held.take() else { return Ok(0) };
        match held.publish_part_keeping(update.first, update.values.new_value()) {
            Ok((handle, published)) => {
                over(update, handle);
                // SAFETY: promise 1.
                unsafe { store(version, published.into()) };
                Ok(0)
            }
            Err((handle, error)) => {
                over(update, handle);
                Err(error.into())
            }
        }
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
        // SAFETY: promises 1 and 3.
        if let Ok(mut update) = unsafe { own(update) }
            && let Some(held) = update.held.take()
        {
            over(update, held.into_field());
        }
    });
}
