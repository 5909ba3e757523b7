//! What to do about a system call that failed, where there is something to do.

use std::io;
use std::path::Path;

use super::shown::{Shown, USUAL, Word};

/// A limit of the process, of its user or of the machine, or a fault of the directory of regions.
pub(super) fn advice(call: &str, directory: Option<&Path>, error: &io::Error) -> Option<String> {
    let of_directory = directory.and_then(|directory| of_directory(directory, error));
    of_directory.or_else(|| of_call(call, error).map(str::to_owned))
}

fn of_call(call: &str, error: &io::Error) -> Option<&'static str> {
    Some(match error.raw_os_error()? {
        libc::EMFILE => {
            "this process has no descriptor left: close some, or raise the limit (RLIMIT_NOFILE, `ulimit -n`)"
        }
        libc::ENFILE => {
            "the machine has no open file left: end processes, or raise fs.file-max (`sysctl fs.file-max`)"
        }
        libc::ENOMEM => {
            "this process has no address space or mapping left, or the kernel no memory: raise the limit (RLIMIT_AS, `ulimit -v`; `sysctl vm.max_map_count`), or free memory"
        }
        libc::EAGAIN if call.contains("mmap") => {
            "this process locks its memory (mlockall) and may lock no more: raise the limit (RLIMIT_MEMLOCK, `ulimit -l`)"
        }
        libc::EFBIG => {
            "this process may not make a file so long: raise the limit (RLIMIT_FSIZE, `ulimit -f`)"
        }
        libc::EDQUOT => "the quota of this user is used up: remove files of this user, or raise it",
        libc::ENOSPC => "there is no room: remove dead regions, or other files",
        libc::ENOLCK => "the kernel has no lock left: end processes that hold locks of files",
        libc::ENOSYS => {
            "a sandbox or an old kernel lacks the call: allow it there (seccomp), or use Linux 4.14 or later"
        }
        _ => return None,
    })
}

/// A fault of the directory, if the call was for that.
fn of_directory(directory: &Path, error: &io::Error) -> Option<String> {
    let is_usual = directory == Path::new(USUAL);
    let (at, word) = (Shown(directory), Word(directory));
    Some(match error.raw_os_error()? {
        libc::EROFS => {
            format!("{at} is mounted read-only: mount it for writing (`mount -o remount,rw {word}`)")
        }
        libc::ENOENT if is_usual => "there is no /dev/shm, where regions lie: mount a tmpfs (`mkdir /dev/shm; mount -t tmpfs tmpfs /dev/shm`), or start the container or sandbox with one".into(),
        libc::ENOENT => format!("there is no directory {at}: create it (`mkdir {word}`)"),
        libc::ENOTDIR if is_usual => "/dev/shm is no directory, and regions lie there: mount a tmpfs (`mkdir /dev/shm; mount -t tmpfs tmpfs /dev/shm`)".into(),
        libc::ENOTDIR => format!("{at} is no directory: name one for the region to lie in"),
        libc::EACCES | libc::EPERM if is_usual => "this user may not use /dev/shm, where regions lie: give it its usual mode (`chmod 1777 /dev/shm`); a confined snap needs the plug `shared-memory`".into(),
        libc::EACCES | libc::EPERM => {
            format!("this user may not use {at}: give the directory another mode, or choose another one")
        }
        _ => return None,
    })
}
