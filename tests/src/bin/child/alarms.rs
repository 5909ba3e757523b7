//! Signals that come so fast that they interrupt every call that sleeps.
//!
//! `unsafe` here: a handler, and a timer.

use std::time::Duration;

/// Has a signal interrupt this process each so often, from now on.
pub fn ring(each: Duration) {
    extern "C" fn ignore(_: libc::c_int) {}
    let handler = ignore as extern "C" fn(libc::c_int) as libc::sighandler_t;
    let interval = libc::timeval { tv_sec: 0, tv_usec: each.subsec_micros().into() };
    let timer = libc::itimerval { it_interval: interval, it_value: interval };
    // SAFETY: a `sigaction` may be all zeroes: no flags, nothing blocked.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    // SAFETY: the action lives until the call is over, and its handler does nothing.
    let handled =
        unsafe { libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut()) };
    // SAFETY: the timer lives until the call is over.
    let set = unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
    assert_eq!((handled, set), (0, 0), "{}", std::io::Error::last_os_error());
}
