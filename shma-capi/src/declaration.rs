//! States that are declared in C.

use std::ffi::{c_char, c_int, c_uint, c_void};
use std::sync::{Arc, Mutex, PoisonError};

use shma_core::untyped::{Attributes, Declaration, Type};

use crate::arguments::{bytes, place, reference, text};
use crate::call::{call, ending};
use crate::fault::Fault;

const ATOMIC: c_uint = 1;
const TIMED: c_uint = 2;

/// A declaration that may still grow.
#[derive(Debug)]
#[allow(non_camel_case_types)]
pub struct shma_declaration {
    /// A call that creates clones the pointer, so that no thread waits here for a creation.
    declared: Mutex<Arc<Declaration>>,
}

impl shma_declaration {
    pub(crate) fn get(&self) -> Arc<Declaration> {
        Arc::clone(&self.declared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// See the header.
///
/// # Safety
///
/// As the header says: promises 1 to 3 of the crate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_declare(
    state_name: *const c_char,
    out: *mut *mut shma_declaration,
) -> c_int {
    call("shma_declare", || {
        // SAFETY: promise 1.
        let out = unsafe { place(out, "out") }?;
        *out = std::ptr::null_mut();
        // SAFETY: promise 1.
        let declaration = Declaration::new(unsafe { text(state_name, "state_name") }?)?;
        let declared = Mutex::new(Arc::new(declaration));
        *out = Box::into_raw(Box::new(shma_declaration { declared }));
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_declare`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_declare_field(
    declaration: *mut shma_declaration,
    name: *const c_char,
    r#type: *const c_char,
    slots: c_int,
    flags: c_uint,
    initial: *const c_void,
) -> c_int {
    call("shma_declare_field", || {
        // SAFETY: promise 1.
        let declaration = unsafe { reference(declaration, "declaration") }?;
        // SAFETY: promise 1.
        let name = unsafe { text(name, "name") }?;
        // SAFETY: promise 1.
        let ty: Type = unsafe { text(r#type, "type") }?.parse()?;
        let attributes = attributes(slots, flags)?;
        let initial = match initial.is_null() {
            true => None,
            // SAFETY: promise 1: a value of the type.
            false => Some(copied(unsafe { bytes(initial, ty.size(), "initial") }?)?),
        };
        let mut declared = declaration.declared.lock().unwrap_or_else(PoisonError::into_inner);
        let declared = Arc::make_mut(&mut declared);
        declared.field(name, ty, attributes)?;
        if let Some(initial) = initial {
            declared.init(name, initial)?;
        }
        Ok(0)
    })
}

fn attributes(slots: c_int, flags: c_uint) -> Result<Attributes, Fault> {
    let mut attributes = Attributes::new();
    match slots {
        0 => {}
        2 | 4 | 8 => attributes = attributes.slots(slots as usize),
        slots => {
            return Err(Fault::invalid(format!(
                "`slots` is {slots}, and a field has 2, 4 or 8: pass one of them, or 0 for 4"
            )));
        }
    }
    if flags & !(ATOMIC | TIMED) != 0 {
        return Err(Fault::invalid(format!(
            "`flags` is {flags:#x}, and has bits beside SHMA_ATOMIC and SHMA_TIMED: pass these, or 0"
        )));
    }
    if flags & TIMED != 0 {
        attributes = attributes.timed();
    }
    Ok(if flags & ATOMIC != 0 { attributes.atomic() } else { attributes })
}

fn copied(value: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(value.len()).map_err(|_| Fault::no_memory(value.len()))?;
    copy.extend_from_slice(value);
    Ok(copy)
}

/// See the header.
///
/// # Safety
///
/// As [`shma_declare`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_declaration_free(declaration: *mut shma_declaration) {
    ending("shma_declaration_free", || {
        if !declaration.is_null() {
            // SAFETY: promises 1 and 3: of `shma_declare`, and not used again.
            drop(unsafe { Box::from_raw(declaration) });
        }
    });
}
