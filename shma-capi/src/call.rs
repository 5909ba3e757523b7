//! The way into the library and out of it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use libc::c_int;
use shma_core::private::Uncancelled;

use crate::fault::Fault;
use crate::message;

/// Runs a call of the header. Returns what it gives, or a negative code, and then leaves a message.
#[inline]
pub(crate) fn call(name: &str, run: impl FnOnce() -> Result<c_int, Fault>) -> c_int {
    let _uncancelled = Uncancelled::new();
    quick(name, run)
}

/// As [`call`], of a call that the core keeps from being cancelled where the C library waits.
#[inline]
pub(crate) fn quick(name: &str, run: impl FnOnce() -> Result<c_int, Fault>) -> c_int {
    // What a panic leaves half done is never looked at again: the library's own state is shared memory,
    // which stands after the death of a process too, and handles, which a call changes last.
    //
    // The code alone comes out of the closure: it does by way of memory.
    let code = catch_unwind(AssertUnwindSafe(|| run().unwrap_or_else(|fault| failed(name, fault))));
    code.unwrap_or_else(|panic| failed(name, panicked(panic.as_ref())))
}

/// As [`call`], of a call that gives a value that is no code: `instead`, if it fails.
#[inline]
pub(crate) fn value<T>(name: &str, instead: T, run: impl FnOnce() -> Result<T, Fault>) -> T {
    let mut given = instead;
    call(name, || run().map(|value| given = value).map(|()| 0));
    given
}

/// As [`call`], of a call that gives nothing.
#[inline]
pub(crate) fn ending(name: &str, run: impl FnOnce()) {
    call(name, || {
        run();
        Ok(0)
    });
}

#[cold]
fn failed(name: &str, fault: Fault) -> c_int {
    message::leave(format!("{name}: {}", fault.text));
    -fault.code
}

#[cold]
fn panicked(panic: &(dyn Any + Send)) -> Fault {
    let told = panic.downcast_ref::<&str>().copied();
    let told = told.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Fault::new(
        libc::ENOTRECOVERABLE,
        format!(
            "a fault of the library's own: {}; close the handle and open it again, and report it",
            told.unwrap_or("it says no more")
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::{call, value};
    use crate::shma_message;

    fn message() -> String {
        // SAFETY: the library's own text, of this thread.
        unsafe { CStr::from_ptr(shma_message()) }.to_str().unwrap().to_owned()
    }

    /// It would unwind into C, which is undefined, or end the process.
    #[test]
    fn a_panic_is_a_code_and_a_message() {
        let code = call("shma_read", || panic!("slot {} of 4", 7));
        assert_eq!(code, -libc::ENOTRECOVERABLE);
        assert!(message().starts_with("shma_read: a fault of the library's own: slot 7 of 4;"));
        assert_eq!(value("shma_field_bytes", 3, || std::panic::panic_any(5)), 3);
        assert!(message().contains("it says no more"));
    }
}
