//! The library from C: its static library, and loops that are compiled from C.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::null_mut;

// The calls of the loops in C.
use shma as _;

use super::{SHMA_C, shma::Shma};
use crate::ability::{Done, Peer, Place, Store, Unable};

unsafe extern "C" {
    fn bench_open(name: *const c_char, state: *mut *mut c_void, field: *mut *mut c_void) -> c_int;
    fn bench_close(state: *mut c_void, field: *mut c_void);
    fn bench_read(field: *const c_void, into: *mut f64, bytes: usize, times: u64) -> c_int;
    fn bench_write(field: *mut c_void, from: *const f64, bytes: usize, times: u64) -> c_int;
    fn bench_update(field: *mut c_void, step: *const f64, bytes: usize, times: u64) -> c_int;
}

/// The calls of `shma.h`.
pub struct ShmaC;

impl Peer for ShmaC {
    fn name(&self) -> &'static str {
        SHMA_C
    }

    fn about(&self) -> &'static str {
        "this library from C, which checks sizes at run time"
    }

    fn copies(&self) -> u64 {
        Shma.copies()
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        // The same region, and the last handle removes it.
        let created = Shma.create(place)?;
        Ok(Box::new(Opened { field: Attached::open(place)?, _created: Some(created) }))
    }

    fn open(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        Ok(Box::new(Opened { field: Attached::open(place)?, _created: None }))
    }
}

struct Opened {
    field: Attached,
    /// Dropped after the other.
    _created: Option<Box<dyn Store>>,
}

struct Attached {
    state: *mut c_void,
    field: *mut c_void,
}

impl Attached {
    fn open(place: &Place) -> Result<Self, Unable> {
        let name = CString::new(place.name.as_str())?;
        let mut opened = Self { state: null_mut(), field: null_mut() };
        // SAFETY: a text, and places for two handles.
        done(unsafe { bench_open(name.as_ptr(), &mut opened.state, &mut opened.field) })?;
        Ok(opened)
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // SAFETY: opened by `open`, or null, and not used again.
        unsafe { bench_close(self.state, self.field) };
    }
}

fn done(code: c_int) -> Done {
    if code == 0 { Ok(()) } else { Err(Unable(format!("a call in C returned {code}"))) }
}

impl Store for Opened {
    fn read(&mut self, into: &mut [f64], times: u64) -> Done {
        // SAFETY: an open field, and memory of this size.
        done(unsafe { bench_read(self.field.field, into.as_mut_ptr(), size_of_val(into), times) })
    }

    fn write(&mut self, from: &[f64], times: u64) -> Done {
        // SAFETY: as above.
        done(unsafe { bench_write(self.field.field, from.as_ptr(), size_of_val(from), times) })
    }

    fn update_with(&mut self, step: &[f64], times: u64) -> Done {
        self.update(step, times)
    }

    fn update(&mut self, step: &[f64], times: u64) -> Done {
        // SAFETY: as above; the field has as many numbers.
        done(unsafe { bench_update(self.field.field, step.as_ptr(), size_of_val(step), times) })
    }
}
