//! Several fields read at one instant.

use std::ffi::{c_int, c_void};

use shma_core::untyped::Field;

use crate::arguments::{bytes_mut, reference, store};
use crate::call::call;
use crate::fault::Fault;
use crate::field::shma_field;
use crate::state::shma_state;

/// The arrays of a call, `count` long.
#[derive(Clone, Copy)]
struct List {
    count: usize,
    fields: *const *mut shma_field,
    into: *const *mut c_void,
    bytes: *const usize,
}

impl List {
    /// # Safety
    ///
    /// Promise 1, and the arrays are not `NULL`.
    unsafe fn field<'a>(self, at: usize) -> Result<&'a shma_field, Fault> {
        // SAFETY: inside of the array, as the caller promises.
        let field = unsafe { self.fields.add(at) };
        // SAFETY: as the caller promises.
        let field = unsafe { field.read() };
        // SAFETY: as the caller promises.
        unsafe { reference(field, &format!("fields[{at}]")) }
    }

    /// Where a value goes, and how long it is.
    ///
    /// # Safety
    ///
    /// As [`field`](Self::field).
    unsafe fn memory(self, at: usize) -> (*mut c_void, usize) {
        // SAFETY: inside of the array, as the caller promises.
        let into = unsafe { self.into.add(at) };
        // SAFETY: inside of the array, as the caller promises.
        let bytes = unsafe { self.bytes.add(at) };
        // SAFETY: as the caller promises.
        let into = unsafe { into.read() };
        // SAFETY: as the caller promises.
        (into, unsafe { bytes.read() })
    }

    /// Everything that can be wrong, before there is a borrow of any memory.
    ///
    /// # Safety
    ///
    /// As [`field`](Self::field).
    unsafe fn check(self) -> Result<(), Fault> {
        let mut ranges = Vec::with_capacity(self.count);
        for at in 0..self.count {
            // SAFETY: as the caller promises.
            let field = unsafe { self.field(at) }?;
            // SAFETY: as the caller promises.
            let (into, bytes) = unsafe { self.memory(at) };
            if into.is_null() {
                return Err(Fault::null(&format!("into[{at}]")));
            }
            field.check_whole(bytes)?;
            ranges.push((into.addr(), bytes, at));
        }
        ranges.sort_unstable();
        match ranges.windows(2).find(|pair| pair[0].0 + pair[0].1 > pair[1].0) {
            None => Ok(()),
            Some(pair) => Err(Fault::invalid(format!(
                "`into[{}]` and `into[{}]` overlap: pass memory of its own for each field",
                pair[0].2.min(pair[1].2),
                pair[0].2.max(pair[1].2),
            ))),
        }
    }
}

/// See the header.
///
/// # Safety
///
/// As the header says: promises 1 to 3 of the crate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_snapshot(
    state: *mut shma_state,
    count: usize,
    fields: *const *mut shma_field,
    into: *const *mut c_void,
    bytes: *const usize,
    versions: *mut u64,
) -> c_int {
    call("shma_snapshot", || {
        // SAFETY: promise 1.
        let state = &unsafe { reference(state, "state") }?.state;
        if count == 0 {
            return Ok(0);
        }
        let missing =
            [(fields.is_null(), "fields"), (into.is_null(), "into"), (bytes.is_null(), "bytes")];
        if let Some((_, argument)) = missing.into_iter().find(|(missing, _)| *missing) {
            return Err(Fault::null(argument));
        }
        if count > state.fields().len() {
            return Err(Fault::invalid(format!(
                "`count` is {count}, and region `{}` has {} fields: name each at most once",
                state.name(),
                state.fields().len(),
            )));
        }
        let list = List { count, fields, into, bytes };
        // SAFETY: promise 1; the arrays are there.
        unsafe { list.check() }?;
        let mut parts: Vec<(&Field, &mut [u8])> = Vec::with_capacity(count);
        for at in 0..count {
            // SAFETY: promise 1; the arrays are there.
            let (into, bytes) = unsafe { list.memory(at) };
            // SAFETY: promise 1; the arrays are there.
            let field = unsafe { list.field(at) }?;
            // SAFETY: promises 1 and 2; no two overlap.
            parts.push((&field.field, unsafe { bytes_mut(into, bytes, "into") }?));
        }
        for (at, version) in state.snapshot(&mut parts)?.into_iter().enumerate() {
            if !versions.is_null() {
                // SAFETY: promise 1: inside of the array.
                let place = unsafe { versions.add(at) };
                // SAFETY: promise 1.
                unsafe { store(place, version.into()) };
            }
        }
        Ok(0)
    })
}
