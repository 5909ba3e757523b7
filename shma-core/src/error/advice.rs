//! What to do about a system call that failed, where there is something to do.

use std::io;

/// A limit of the process, of its user or of the machine, or a fault of the place that regions lie in.
pub(super) fn advice(call: &str, error: &io::Error) -> Option<&'static str> {
    let at_place = call.contains(PLACE);
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
        libc::ENOSPC => "there is no room: remove regions (`shma clean` removes dead ones)",
        libc::ENOLCK => "the kernel has no lock left: end processes that hold locks of files",
        libc::EROFS => {
            "/dev/shm is mounted read-only: mount it for writing (`mount -o remount,rw /dev/shm`)"
        }
        libc::ENOENT if at_place => {
            "there is no /dev/shm, where regions lie: mount a tmpfs (`mkdir /dev/shm; mount -t tmpfs tmpfs /dev/shm`), or start the container or sandbox with one"
        }
        libc::ENOTDIR if at_place => {
            "/dev/shm is no directory, and regions lie there: mount a tmpfs (`mkdir /dev/shm; mount -t tmpfs tmpfs /dev/shm`)"
        }
        libc::EACCES | libc::EPERM if at_place => {
            "this user may not use /dev/shm, where regions lie: give it its usual mode (`chmod 1777 /dev/shm`); a confined snap needs the plug `shared-memory`"
        }
        libc::ENOSYS => {
            "a sandbox or an old kernel lacks the call: allow it there (seccomp), or use Linux 4.14 or later"
        }
        _ => return None,
    })
}

/// How calls are named that fail for the directory's sake.
const PLACE: &str = "/dev/shm";
