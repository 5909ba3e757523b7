//! A process with a small /dev/shm of its own, or with process ids of its own.
//!
//! `unsafe` here: leaving namespaces, and mounting.

use std::ffi::CString;
use std::io;

use crate::say;

/// Mounts a `/dev/shm` of this size, with room for so many files, that nobody else sees; then talks.
pub fn small(bytes: &str, files: &str) {
    let done = leave_namespace(libc::CLONE_NEWNS).and_then(|()| mount(bytes, files));
    match done {
        Ok(()) => {
            say("ok");
            crate::talk::run();
        }
        Err(error) => say(&format!("not permitted: {error}")),
    }
}

/// Talks as the first process of a namespace, as a program in a container is.
pub fn first_process() {
    if let Err(error) = leave_namespace(libc::CLONE_NEWPID) {
        return say(&format!("not permitted: {error}"));
    }
    say("ok");
    let program = std::env::current_exe().unwrap();
    // It ends with this process, whose input and output it has.
    std::process::Command::new(program).arg("talk").status().unwrap();
}

/// As root; else as the root of a user namespace of our own, if that is allowed.
fn leave_namespace(which: libc::c_int) -> io::Result<()> {
    if unshare(which).is_ok() {
        return Ok(());
    }
    let user = rustix::process::geteuid().as_raw();
    unshare(libc::CLONE_NEWUSER | which)?;
    std::fs::write("/proc/self/uid_map", format!("0 {user} 1"))
}

fn unshare(what: libc::c_int) -> io::Result<()> {
    // SAFETY: takes flags and touches no memory of ours.
    match unsafe { libc::unshare(what) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn mount(bytes: &str, files: &str) -> io::Result<()> {
    // Nothing of what follows shows outside.
    mount_one(None, "/", None, libc::MS_REC | libc::MS_PRIVATE, None)?;
    let options = format!("size={bytes},nr_inodes={files},mode=1777");
    mount_one(Some("tmpfs"), "/dev/shm", Some("tmpfs"), 0, Some(&options))
}

fn mount_one(
    source: Option<&str>,
    target: &str,
    kind: Option<&str>,
    flags: libc::c_ulong,
    options: Option<&str>,
) -> io::Result<()> {
    let text = |text: &str| CString::new(text).expect("no zero bytes");
    let (source, kind, options) = (source.map(text), kind.map(text), options.map(text));
    let target = text(target);
    let pointer = |text: &Option<CString>| text.as_ref().map_or(std::ptr::null(), |t| t.as_ptr());
    // SAFETY: four texts that end in zero and live until the call is over, or null where the call
    // allows it.
    let mounted = unsafe {
        libc::mount(
            pointer(&source),
            target.as_ptr(),
            pointer(&kind),
            flags,
            pointer(&options).cast(),
        )
    };
    if mounted == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
