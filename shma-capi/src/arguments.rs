//! What C passes, as references and numbers of Rust: checked as far as anything can check it.

use std::ffi::{CStr, c_char, c_void};
use std::time::Duration;

use shma_core::untyped::Wait;

use crate::fault::Fault;

/// `SHMA_FOREVER`.
const FOREVER: i64 = -1;

/// What a pointer points to.
///
/// # Safety
///
/// It is `NULL`, or as promises 1 and 2 say, for `'a`.
#[inline]
pub(crate) unsafe fn reference<'a, T>(at: *const T, argument: &str) -> Result<&'a T, Fault> {
    // SAFETY: as the caller promises.
    unsafe { at.as_ref() }.ok_or_else(|| Fault::null(argument))
}

/// The same, to be changed.
///
/// # Safety
///
/// As [`reference`], and no other reference to it is in use.
#[inline]
pub(crate) unsafe fn place<'a, T>(at: *mut T, argument: &str) -> Result<&'a mut T, Fault> {
    // SAFETY: as the caller promises.
    unsafe { at.as_mut() }.ok_or_else(|| Fault::null(argument))
}

/// Stores a result, if the caller wants it.
///
/// # Safety
///
/// The place is `NULL`, or as promises 1 and 2 say.
#[inline]
pub(crate) unsafe fn store<T>(at: *mut T, value: T) {
    if !at.is_null() {
        // SAFETY: as the caller promises; what C leaves there has no destructor.
        unsafe { at.write(value) };
    }
}

/// Bytes to read. The caller has checked `len` against what it is for.
///
/// # Safety
///
/// `at` is `NULL`, or can be read for `len` bytes as promises 1 and 2 say, for `'a`.
#[inline]
pub(crate) unsafe fn bytes<'a>(
    at: *const c_void,
    len: usize,
    argument: &str,
) -> Result<&'a [u8], Fault> {
    if at.is_null() {
        return Err(Fault::null(argument));
    }
    // SAFETY: as the caller promises; a length that fits a field is far below `isize::MAX`.
    Ok(unsafe { std::slice::from_raw_parts(at.cast(), len) })
}

/// Bytes to write. The caller has checked `len` against what it is for.
///
/// # Safety
///
/// `at` is `NULL`, or can be written for `len` bytes as promises 1 and 2 say, for `'a`.
#[inline]
pub(crate) unsafe fn bytes_mut<'a>(
    at: *mut c_void,
    len: usize,
    argument: &str,
) -> Result<&'a mut [u8], Fault> {
    if at.is_null() {
        return Err(Fault::null(argument));
    }
    // SAFETY: as the caller promises; a length that fits a field is far below `isize::MAX`.
    Ok(unsafe { std::slice::from_raw_parts_mut(at.cast(), len) })
}

/// Text, which has to be UTF-8.
///
/// # Safety
///
/// As [`reference`].
pub(crate) unsafe fn text<'a>(at: *const c_char, argument: &str) -> Result<&'a str, Fault> {
    // SAFETY: as the caller promises.
    let text = unsafe { c_text(at) }.ok_or_else(|| Fault::null(argument))?;
    text.to_str().map_err(|_| {
        let shown: String = text.to_string_lossy().chars().take(60).collect();
        let shown = shown.escape_debug();
        Fault::invalid(format!("`{argument}` is `{shown}`, which is no UTF-8: pass text that is"))
    })
}

/// Text that may hold any bytes, and may be missing.
///
/// # Safety
///
/// As [`reference`].
pub(crate) unsafe fn c_text<'a>(at: *const c_char) -> Option<&'a CStr> {
    if at.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    Some(unsafe { CStr::from_ptr(at) })
}

/// How long a call waits for a semaphore.
#[inline]
pub(crate) fn wait(milliseconds: i64) -> Result<Wait, Fault> {
    match milliseconds {
        0 => Ok(Wait::No),
        FOREVER => Ok(Wait::Forever),
        _ => duration(milliseconds, "timeout_ms").map(Wait::AtMost),
    }
}

/// A time; for ever is one that no clock can say.
#[inline(never)]
pub(crate) fn duration(milliseconds: i64, argument: &str) -> Result<Duration, Fault> {
    match u64::try_from(milliseconds) {
        Ok(milliseconds) => Ok(Duration::from_millis(milliseconds)),
        Err(_) if milliseconds == FOREVER => Ok(Duration::MAX),
        Err(_) => Err(Fault::invalid(format!(
            "`{argument}` is {milliseconds}, and no time is negative: pass milliseconds, 0 or SHMA_FOREVER"
        ))),
    }
}
