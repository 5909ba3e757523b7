//! Processes with namespaces of their own.
//!
//! `unsafe` here: leaving namespaces, and mounting.

use std::ffi::CString;
use std::io;

use crate::region;

/// Leaves a namespace: as root, else as the root of a user namespace of our own, if that is
/// allowed.
///
/// # Errors
///
/// If neither is.
pub fn leave(which: libc::c_int) -> io::Result<()> {
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

/// Mounts an empty tmpfs of this size where regions lie, with room for so many files, that this process and
/// those it starts see, and no other.
///
/// # Errors
///
/// If it is not allowed.
pub fn mount_small(bytes: &str, files: &str) -> io::Result<()> {
    leave(libc::CLONE_NEWNS)?;
    // Nothing of what follows shows outside.
    mount(None, "/", None, libc::MS_REC | libc::MS_PRIVATE, None)?;
    let options = format!("size={bytes},nr_inodes={files},mode=1777");
    mount(Some("tmpfs"), regions(), Some("tmpfs"), 0, Some(&options))
}

fn regions() -> &'static str {
    region::directory().to_str().expect("a path without odd bytes")
}

/// Mounts an empty tmpfs of this size, that this thread and those it starts see, and no other.
///
/// # Errors
///
/// If it is not allowed.
pub fn mount_tmpfs(at: &str, bytes: &str) -> io::Result<()> {
    leave(libc::CLONE_NEWNS)?;
    // Nothing of what follows shows outside.
    mount(None, "/", None, libc::MS_REC | libc::MS_PRIVATE, None)?;
    mount(Some("tmpfs"), at, Some("tmpfs"), 0, Some(&format!("size={bytes},mode=1777")))
}

/// Puts a folder in the place of `/dev/shm`, as this process and those it starts see it.
///
/// # Errors
///
/// If it is not allowed.
pub fn replace_place(folder: &str) -> io::Result<()> {
    leave(libc::CLONE_NEWNS)?;
    mount(None, "/", None, libc::MS_REC | libc::MS_PRIVATE, None)?;
    mount(Some(folder), "/dev/shm", None, libc::MS_BIND, None)
}

/// Mounts an empty `/dev/shm` on overlayfs, as a container without a tmpfs there has, that this
/// process and those it starts see, and no other.
///
/// # Errors
///
/// If it is not allowed.
pub fn mount_overlay() -> io::Result<()> {
    mount_small("1m", "100")?;
    let [lower, upper, work] = ["lower", "upper", "work"].map(|part| format!("/dev/shm/{part}"));
    for part in [&lower, &upper, &work] {
        std::fs::create_dir(part)?;
    }
    let options = format!("lowerdir={lower},upperdir={upper},workdir={work}");
    mount(Some("overlay"), "/dev/shm", Some("overlay"), 0, Some(&options))
}

/// Replaces a file, as this process and those it starts see it. To be called after [`mount_small`],
/// which gives them mounts of their own.
///
/// # Errors
///
/// If it is not allowed.
pub fn replace_file(path: &str, text: &str) -> io::Result<()> {
    // Below the place that regions lie in, where it can always be written.
    let folder = "/dev/shm/replaced";
    std::fs::create_dir_all(folder)?;
    let file = format!("{folder}/{}", path.replace('/', "-"));
    std::fs::write(&file, text)?;
    mount(Some(&file), path, None, libc::MS_BIND, None)
}

/// Mounts an empty folder, as this process and those it starts see it; as above.
///
/// # Errors
///
/// If it is not allowed.
pub fn hide_folder(path: &str) -> io::Result<()> {
    mount(Some("tmpfs"), path, Some("tmpfs"), 0, None)
}

/// Takes the place that regions lie in away, as this process and those it starts see it: `missing`,
/// a `file`, or `read-only`.
///
/// # Errors
///
/// If it is not allowed.
pub fn spoil_place(how: &str) -> io::Result<()> {
    mount_small("1m", "100")?;
    match how {
        "missing" => hide_folder("/dev"),
        "file" => {
            hide_folder("/dev")?;
            std::fs::write("/dev/shm", "")
        }
        "read-only" => mount(
            Some("tmpfs"),
            "/dev/shm",
            Some("tmpfs"),
            libc::MS_REMOUNT | libc::MS_RDONLY,
            None,
        ),
        _ => panic!("unknown way `{how}`"),
    }
}

/// Makes this process one user among many who cannot be told apart: leaves the user namespace for
/// one that maps no user.
///
/// # Errors
///
/// If it is not allowed.
pub fn leave_users() -> io::Result<()> {
    unshare(libc::CLONE_NEWUSER)
}

/// Changes the size of what [`mount_small`] has mounted.
///
/// # Errors
///
/// If more is in it.
pub fn resize(bytes: u64, files: u64) -> io::Result<()> {
    let options = format!("size={bytes},nr_inodes={files}");
    mount(Some("tmpfs"), regions(), Some("tmpfs"), libc::MS_REMOUNT, Some(&options))
}

fn mount(
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
