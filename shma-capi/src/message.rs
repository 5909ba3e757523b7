//! The sentence that says more than a code, one for each thread.

use std::cell::RefCell;
use std::ffi::{CString, c_char};

thread_local! {
    static LAST: RefCell<CString> = RefCell::new(CString::default());
}

/// Keeps the sentence of a call that failed.
pub(crate) fn leave(text: String) {
    // Names and types may hold anything that a caller has passed.
    let text = CString::new(text.replace('\0', "\\0")).unwrap_or_default();
    // A thread that ends, and has no such memory any more, has no message.
    let _ = LAST.try_with(|last| {
        if let Ok(mut last) = last.try_borrow_mut() {
            *last = text;
        }
    });
}

/// See the header: the sentence stays until the next call of this thread that fails.
#[unsafe(no_mangle)]
pub extern "C" fn shma_message() -> *const c_char {
    LAST.try_with(|last| last.try_borrow().map_or(c"".as_ptr(), |last| last.as_ptr()))
        .unwrap_or(c"".as_ptr())
}
