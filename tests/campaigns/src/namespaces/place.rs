//! Where a process runs, as to process ids.
//!
//! `unsafe` here: leaving a namespace.

use std::io;

/// A place among PID namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the namespace of the campaign.
    Here,
    /// As process 1 of a namespace of its own.
    First,
    /// In a namespace of its own, of which another process is number 1.
    Second,
}

impl Place {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::First => "first",
            Self::Second => "second",
        }
    }
}

/// Lets the children of this process be in a new PID namespace, the first of them as process 1. As
/// root, or else as the root of a new user namespace, if that is allowed.
pub(super) fn leave() -> io::Result<()> {
    if unshare(libc::CLONE_NEWPID).is_ok() {
        return Ok(());
    }
    let user = rustix::process::geteuid().as_raw();
    unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWPID)?;
    std::fs::write("/proc/self/uid_map", format!("0 {user} 1"))
}

fn unshare(what: libc::c_int) -> io::Result<()> {
    // SAFETY: takes flags and touches no memory of ours.
    match unsafe { libc::unshare(what) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
