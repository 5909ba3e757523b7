//! Attachments.

use std::ffi::{CString, c_char, c_int};
use std::sync::{Arc, OnceLock};

use shma_core::untyped::{Declaration, State};

use crate::arguments::{place, reference, text};
use crate::call::{call, ending, value};
use crate::declaration::shma_declaration;
use crate::fault::Fault;
use crate::options::{Chosen, shma_options};

/// `SHMA_ABI`.
const ABI: c_int = 1;

/// An attachment.
#[derive(Debug)]
#[allow(non_camel_case_types)]
pub struct shma_state {
    pub(crate) state: State,
    /// Its text, once it was asked for.
    manifest: OnceLock<CString>,
}

/// See the header.
#[unsafe(no_mangle)]
pub extern "C" fn shma_abi() -> c_int {
    ABI
}

/// Hands a state out.
///
/// # Safety
///
/// Promises 1 to 3.
unsafe fn attach(
    call_name: &str,
    name: *const c_char,
    options: *const shma_options,
    out: *mut *mut shma_state,
    run: impl FnOnce(&str, Chosen) -> Result<State, Fault>,
) -> c_int {
    call(call_name, || {
        // SAFETY: promise 1.
        let out = unsafe { place(out, "out") }?;
        *out = std::ptr::null_mut();
        // SAFETY: promise 1.
        let name = unsafe { text(name, "name") }?;
        // SAFETY: promise 1.
        let chosen = unsafe { Chosen::of(options) }?;
        let state = shma_state { state: run(name, chosen)?, manifest: OnceLock::new() };
        *out = Box::into_raw(Box::new(state));
        Ok(0)
    })
}

/// # Safety
///
/// Promise 1.
unsafe fn declared(declaration: *const shma_declaration) -> Result<Arc<Declaration>, Fault> {
    // SAFETY: as the caller promises.
    Ok(unsafe { reference(declaration, "declaration") }?.get())
}

/// See the header.
///
/// # Safety
///
/// As the header says: promises 1 to 3 of the crate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_create(
    name: *const c_char,
    declaration: *const shma_declaration,
    options: *const shma_options,
    out: *mut *mut shma_state,
) -> c_int {
    let run = |name: &str, chosen: Chosen| {
        // SAFETY: promise 1.
        let declaration = unsafe { declared(declaration) }?;
        Ok(chosen.creating()?.create(name, &declaration)?)
    };
    // SAFETY: promises 1 to 3.
    unsafe { attach("shma_create", name, options, out, run) }
}

/// See the header.
///
/// # Safety
///
/// As [`shma_create`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_open(
    name: *const c_char,
    expected: *const shma_declaration,
    options: *const shma_options,
    out: *mut *mut shma_state,
) -> c_int {
    let run = |name: &str, Chosen { options, read_only }: Chosen| {
        let expected = match expected.is_null() {
            true => None,
            // SAFETY: promise 1.
            false => Some(unsafe { declared(expected) }?),
        };
        let expected = expected.as_deref();
        Ok(match read_only {
            true => options.open_read_only(name, expected)?,
            false => options.open(name, expected)?,
        })
    };
    // SAFETY: promises 1 to 3.
    unsafe { attach("shma_open", name, options, out, run) }
}

/// See the header.
///
/// # Safety
///
/// As [`shma_create`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_open_or_create(
    name: *const c_char,
    declaration: *const shma_declaration,
    options: *const shma_options,
    out: *mut *mut shma_state,
) -> c_int {
    let run = |name: &str, chosen: Chosen| {
        // SAFETY: promise 1.
        let declaration = unsafe { declared(declaration) }?;
        Ok(chosen.creating()?.open_or_create(name, &declaration)?)
    };
    // SAFETY: promises 1 to 3.
    unsafe { attach("shma_open_or_create", name, options, out, run) }
}

/// See the header.
///
/// # Safety
///
/// As [`shma_create`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_unlink(name: *const c_char, options: *const shma_options) -> c_int {
    call("shma_unlink", || {
        // SAFETY: promise 1.
        let name = unsafe { text(name, "name") }?;
        // SAFETY: promise 1.
        let chosen = unsafe { Chosen::of(options) }?;
        chosen.options.unlink(name)?;
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_create`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_close(state: *mut shma_state) {
    ending("shma_close", || {
        if !state.is_null() {
            // SAFETY: promises 1 and 3: of a call that attaches, and not used again.
            drop(unsafe { Box::from_raw(state) });
        }
    });
}

/// See the header: the text stays until the state is closed.
///
/// # Safety
///
/// As [`shma_create`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_manifest(state: *const shma_state) -> *const c_char {
    value("shma_manifest", std::ptr::null(), || {
        // SAFETY: promise 1.
        let state = unsafe { reference(state, "state") }?;
        if let Some(text) = state.manifest.get() {
            return Ok(text.as_ptr());
        }
        // JSON holds no NUL.
        let text = CString::new(state.state.text()).map_err(|_| not_json(&state.state))?;
        Ok(state.manifest.get_or_init(|| text).as_ptr())
    })
}

fn not_json(state: &State) -> Fault {
    let text = format!("the manifest of region `{}` holds a NUL, and no JSON does", state.name());
    Fault::new(libc::EBADMSG, text)
}

/// See the header.
///
/// # Safety
///
/// As [`shma_create`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_is_current(state: *const shma_state) -> c_int {
    call("shma_is_current", || {
        // SAFETY: promise 1.
        let state = unsafe { reference(state, "state") }?;
        Ok(c_int::from(state.state.is_current()))
    })
}
