//! Fields, and the checks that every call on one begins with.

use std::ffi::{CStr, CString, c_char, c_int};

use shma_core::untyped::Field;

use crate::arguments::{c_text, place, reference, text};
use crate::call::{call, ending, value};
use crate::fault::Fault;
use crate::kept::Update;
use crate::spare::Spare;
use crate::state::shma_state;

/// A field. It keeps the attachment.
#[derive(Debug)]
#[allow(non_camel_case_types)]
pub struct shma_field {
    pub(crate) field: Field,
    /// Its region, for messages.
    region: String,
    ty: CString,
    /// The latest update, for the next one.
    pub(crate) spare: Spare<Update>,
}

impl shma_field {
    /// Whether these are the bytes of a whole value.
    #[inline]
    pub(crate) fn check_whole(&self, bytes: usize) -> Result<(), Fault> {
        if bytes == self.field.size() { Ok(()) } else { Err(self.wrong_size(bytes)) }
    }

    #[cold]
    fn wrong_size(&self, bytes: usize) -> Fault {
        let text = format!(
            "{self} is of type {} and has {} bytes, and `bytes` is {bytes}: pass the size of the value",
            self.ty.to_string_lossy(),
            self.field.size(),
        );
        Fault::new(libc::EMSGSIZE, text)
    }

    /// Whether so many bytes from `first` on are bytes of the value.
    #[inline]
    pub(crate) fn check_part(&self, first: usize, bytes: usize) -> Result<(), Fault> {
        match first.checked_add(bytes) {
            Some(end) if end <= self.field.size() => Ok(()),
            _ => Err(self.out_of_range(first, bytes)),
        }
    }

    #[cold]
    fn out_of_range(&self, first: usize, bytes: usize) -> Fault {
        let text = format!(
            "{self} has {} bytes, and {bytes} from {first} on are not all in it: `first` counts bytes",
            self.field.size(),
        );
        Fault::new(libc::ERANGE, text)
    }

    /// Refuses what atomic fields do not take.
    #[inline]
    pub(crate) fn check_ordinary(&self) -> Result<(), Fault> {
        if self.field.is_atomic() { Err(self.atomic()) } else { Ok(()) }
    }

    #[cold]
    fn atomic(&self) -> Fault {
        Fault::invalid(format!(
            "{self} is atomic, and this call is for ordinary fields: use shma_load, shma_store, \
             shma_fetch_add, or shma_write for all of it"
        ))
    }
}

impl std::fmt::Display for shma_field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "field `{}` of region `{}`", self.field.name(), self.region)
    }
}

/// See the header.
///
/// # Safety
///
/// As the header says: promises 1 to 3 of the crate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_field_open(
    state: *mut shma_state,
    name: *const c_char,
    r#type: *const c_char,
    out: *mut *mut shma_field,
) -> c_int {
    call("shma_field_open", || {
        // SAFETY: promise 1.
        let out = unsafe { place(out, "out") }?;
        *out = std::ptr::null_mut();
        // SAFETY: promise 1.
        let state = &unsafe { reference(state, "state") }?.state;
        // SAFETY: promise 1.
        let field = state.field(unsafe { text(name, "name") }?)?;
        // SAFETY: promise 1.
        if let Some(ty) = unsafe { c_text(r#type) } {
            // What is no UTF-8 is no type, and the message says so.
            field.expect_type(&ty.to_string_lossy())?;
        }
        let ty = CString::new(field.manifest().ty.to_string()).unwrap_or_default();
        let (field, region) = (field.clone(), state.name().to_owned());
        *out = Box::into_raw(Box::new(shma_field { field, region, ty, spare: Spare::new() }));
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_field_open`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_field_close(field: *mut shma_field) {
    ending("shma_field_close", || {
        if !field.is_null() {
            // SAFETY: promises 1 and 3: of `shma_field_open`, and not used again.
            drop(unsafe { Box::from_raw(field) });
        }
    });
}

/// See the header.
///
/// # Safety
///
/// As [`shma_field_open`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_field_bytes(field: *const shma_field) -> usize {
    value("shma_field_bytes", 0, || {
        // SAFETY: promise 1.
        Ok(unsafe { reference(field, "field") }?.field.size())
    })
}

/// See the header: the text stays until the field is closed.
///
/// # Safety
///
/// As [`shma_field_open`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_field_type(field: *const shma_field) -> *const c_char {
    value("shma_field_type", std::ptr::null(), || {
        // SAFETY: promise 1.
        let ty: &CStr = &unsafe { reference(field, "field") }?.ty;
        Ok(ty.as_ptr())
    })
}
