//! Cancelled threads.
//!
//! `pthread_cancel` unwinds a thread from where the C library waits. Nothing may unwind through a call
//! from C: it would end the process. So it waits until the call has returned. To ask for it takes as
//! long as an update of 64 bytes, so a call that waits nowhere does not.
//!
//! `unsafe` here: a function that `libc` lacks.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::marker::PhantomData;

unsafe extern "C" {
    safe fn pthread_setcancelstate(state: c_int, former: Option<&mut c_int>) -> c_int;
}

/// `PTHREAD_CANCEL_DISABLE`, of all C libraries on Linux.
const DISABLE: c_int = 1;

/// The thread that makes it is not cancelled until it drops it.
#[derive(Debug)]
pub struct Uncancelled {
    former: c_int,
    _thread: PhantomData<*const ()>,
}

impl Uncancelled {
    /// From here on.
    #[expect(clippy::new_without_default, reason = "a guard has no default")]
    pub fn new() -> Self {
        let mut former = 0;
        pthread_setcancelstate(DISABLE, Some(&mut former));
        Self { former, _thread: PhantomData }
    }
}

impl Drop for Uncancelled {
    fn drop(&mut self) {
        pthread_setcancelstate(self.former, None);
    }
}
