//! Threads that no signal reaches.
//!
//! `unsafe` here: masks of signals.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::thread;

/// Signals that a fault of the thread itself raises: to block them would end the process without a word
/// to its handlers.
const FAULTS: [libc::c_int; 6] =
    [libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGSEGV, libc::SIGSYS, libc::SIGTRAP];

/// Starts a thread in which all signals are blocked except those of [`FAULTS`], so that a handler
/// of the program runs in a thread of the program. Nothing waits for its end, and the process ends
/// without it.
pub(crate) fn spawn_unsignalled(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    // The thread inherits the mask.
    let before = set_mask(&all_but_faults())?;
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(run);
    set_mask(&before)?;
    spawned.map(drop)
}

fn all_but_faults() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: writes one set, which `set` has room for; it cannot fail.
    unsafe { libc::sigfillset(set.as_mut_ptr()) };
    // SAFETY: filled.
    let mut set = unsafe { set.assume_init() };
    for signal in FAULTS {
        // SAFETY: changes one set, which is borrowed; each is a signal.
        unsafe { libc::sigdelset(&raw mut set, signal) };
    }
    set
}

/// Blocks these signals, and no others, in the calling thread. Returns what was blocked before.
fn set_mask(set: &libc::sigset_t) -> io::Result<libc::sigset_t> {
    let mut before = MaybeUninit::uninit();
    // SAFETY: reads one set and writes another one, which lives until the call returns.
    match unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, ptr::from_ref(set), before.as_mut_ptr())
    } {
        // SAFETY: written.
        0 => Ok(unsafe { before.assume_init() }),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}
