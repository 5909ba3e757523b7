//! Room for a region: whether there is enough, and taking it.

use std::fs::File;

use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use super::Name;
use super::dead::abandoned_bytes;
use crate::error::{Error, Space};
use crate::os::{MemoryOf, file_size_limit, free_memory};
use crate::sync::mutant;
use crate::sync::stop_point;

/// The kernel may undo all of what a call has reserved so far when a signal comes. So much is reserved
/// between two signals of a profiler.
const RESERVED_AT_ONCE: u64 = 8 << 20;

/// So much is reserved between two looks at the memory that is left, which others take too.
const LOOK_EVERY: u64 = 32 * RESERVED_AT_ONCE;

/// Less than this is not looked for: any other allocation takes as much, and the look would take
/// longer than the creation.
const WORTH_A_LOOK: u64 = 1 << 20;

/// Gives the file its length, which takes no memory yet.
///
/// The limit of the process is asked for first: to exceed it raises SIGXFSZ, which ends the process
/// and leaves the temporary file.
pub(super) fn lengthen(name: &Name, file: &File, total: u64) -> Result<(), Error> {
    check_length(name, total)?;
    match rustix::io::retry_on_intr(|| rustix::fs::ftruncate(file, total)) {
        Err(Errno::NOSPC) => Err(no_space(name, total)),
        // No file of the file system may be that long.
        Err(Errno::FBIG) if total > name.directory().free().unwrap_or(0) => {
            Err(no_space(name, total))
        }
        done => done.map_err(|errno| name.io("ftruncate", errno.into())),
    }
}

/// Refuses a length that this process may not give a file.
pub(super) fn check_length(name: &Name, total: u64) -> Result<(), Error> {
    if total > file_size_limit() {
        return Err(name.io("ftruncate", Errno::FBIG.into()));
    }
    Ok(())
}

/// Takes all the memory of the region, so that no access can fail for want of it later.
pub(super) fn reserve(name: &Name, file: &File, total: u64) -> Result<(), Error> {
    if mutant!("reserve-nothing") {
        return Ok(());
    }
    // To find out by filling the directory would leave others without room meanwhile.
    if name.directory().free().is_some_and(|free| free < total) {
        return Err(no_space(name, total));
    }
    let takes_memory = name.directory().is_in_memory();
    let mut at = 0;
    while at < total {
        if takes_memory && at.is_multiple_of(LOOK_EVERY) && total - at >= WORTH_A_LOOK {
            check_memory(name, total, at)?;
        }
        let bytes = RESERVED_AT_ONCE.min(total - at);
        match rustix::fs::fallocate(file, FallocateFlags::empty(), at, bytes) {
            Ok(()) => at += bytes,
            Err(Errno::INTR) => {}
            Err(Errno::NOSPC) => return Err(no_space(name, total)),
            Err(Errno::OPNOTSUPP) => {
                return Err(name.io_in_directory(
                    "the self-test of fallocate (this file system cannot reserve room, so a full disk \
                     would end the processes that write; choose a directory on tmpfs, ext4 or xfs)",
                    Errno::OPNOTSUPP.into(),
                ));
            }
            Err(errno) => return Err(name.io("fallocate", errno.into())),
        }
        stop_point!("create.reserving");
    }
    Ok(())
}

/// Refuses to take more memory than there is. The kernel would not refuse, but end a process for it,
/// most likely this one.
fn check_memory(name: &Name, total: u64, reserved: u64) -> Result<(), Error> {
    let Some((free, of)) = free_memory() else { return Ok(()) };
    if free >= total - reserved {
        return Ok(());
    }
    let space = match of {
        MemoryOf::Machine => Space::Memory,
        MemoryOf::ControlGroup => Space::ControlGroup,
    };
    // The caller frees what it has reserved.
    Err(no_space_of(name, total, free.saturating_add(reserved), space))
}

pub(super) fn no_space(name: &Name, needed: u64) -> Error {
    no_space_of(name, needed, name.directory().free().unwrap_or(0), Space::Directory)
}

fn no_space_of(name: &Name, needed: u64, free: u64, space: Space) -> Error {
    let abandoned = abandoned_bytes(name.directory());
    let (name, directory) = (name.as_str().to_owned(), name.directory().path().to_owned());
    Error::NoSpace { name, directory, needed, free, space, abandoned }
}
