//! What panics say.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The text of a panic; `None` if it carries something else.
pub fn text(panic: &(dyn Any + Send)) -> Option<&str> {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied())
}

/// The panic that a call ends in; it has to, and with a text.
#[track_caller]
pub fn panic_of<R>(call: impl FnOnce() -> R) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(call)) else { panic!("it returned") };
    text(&*panic).expect("a panic with a text").to_owned()
}
